/* how.c - what a search is told: by the model's files, by a verb's options. */
#include "zoo/translate/search.h"

translate_how translate_how_of(const translate_model *m)
{
    const translate_told *t = &m->told;
    if (!t->there) return (translate_how){.beam = 4, .length_penalty = 0.6};
    return (translate_how){.beam = t->beam ? t->beam : 4,
                           .ranking = TRANSLATE_POWER,
                           .early = (int)t->early_stopping,
                           .length_penalty = t->length_penalty,
                           .most = t->most,
                           .forbids = t->never >= 0,
                           .never = (int32_t)t->never,
                           .renormalized = t->renormalized,
                           .forced_end = t->forced_end};
}

translate_how translate_how_asked(ad_command *cmd, const translate_model *m)
{
    translate_how how = translate_how_of(m);
    int ranking = ad_command_choice(cmd, "ranking");
    if (ranking) how.ranking = ranking - 1;
    if (ad_command_given(cmd, "beam")) how.beam = ad_command_int(cmd, "beam");
    if (ad_command_given(cmd, "length-penalty"))
        how.length_penalty = ad_command_real(cmd, "length-penalty");
    if (ad_command_int(cmd, "max-words")) how.most = ad_command_int(cmd, "max-words");
    return how;
}
