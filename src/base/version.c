/* version.c - which version of the library this is, and what was built into it, asked when a
 * program runs. */
#include <autodidact/base.h>

#include <string.h>

#ifndef AD_COMPONENTS /* the Makefile's list: "png zip" */
#define AD_COMPONENTS ""
#endif

const char *ad_version(void)
{
    return AD_VERSION;
}

int ad_version_number(void)
{
    return AD_VERSION_NUMBER;
}

const char *ad_components(void)
{
    return AD_COMPONENTS;
}

bool ad_has_component(const char *name)
{
    const char *at = AD_COMPONENTS;
    for (size_t length; *at; at += length) {
        at += strspn(at, " ");
        length = strcspn(at, " ");
        if (length && length == strlen(name) && !strncmp(at, name, length)) return true;
    }
    return false;
}
