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
    size_t length = strlen(name);
    if (!length || strchr(name, ' ')) return false;
    const char *all = AD_COMPONENTS, *at = all;
    while ((at = strstr(at, name))) {
        bool begins = at == all || at[-1] == ' ';
        at += length;
        if (begins && (*at == ' ' || !*at)) return true;
    }
    return false;
}
