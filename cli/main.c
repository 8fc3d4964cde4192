/* main.c - the command `autodidact`: the table of verbs. A new system is its header and its rows.
 */
#include "cli/verbs.h"

static const ad_verb *const verbs[] = {
};

int main(int argc, char **argv)
{
    const ad_app app = {
        .name = "autodidact",
        .version = AD_VERSION,
        .summary = "landmark machine learning systems in C, to use and to read",
        .verbs = verbs,
    };
    return ad_app_main(&app, argc, argv);
}
