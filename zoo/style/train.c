/* train.c - `autodidact style train`: options, the system and its verb. */
#include "zoo/style/train.h"

/* ---- what is chosen ---- */

#define AT(member) AD_AT(style_net_sizes, member)
static const ad_option size_rows[] = {
    {AD_ROW("width", INT), AT(width), .initial = "32", .min = 4, .max = STYLE_NET_WIDTH_MOST,
     .help = "channels of the first convolution; 16 is fast"},
    {AD_ROW("blocks", INT), AT(blocks), .initial = "5", .min = 1, .max = STYLE_NET_BLOCKS_MOST,
     .help = "residual blocks"},
    {AD_ROW("enlarge", CHOICE), AT(enlarge), .initial = "nearest", .choices = "nearest|bilinear",
     .help = "how it comes back to the full size; PyTorch's example repeats the nearest pixel"},
    {AD_ROW("style-names", TEXTS), AT(styles), .key = "styles", .derived = true},
    {0}};

const ad_record style_net_record = {
    .title = "network", .prefix = "style.", .options = size_rows, .size = sizeof(style_net_sizes)};
#undef AT

#define AT(member) AD_AT(style_source, member)
static const ad_option source_rows[] = {
    {AD_ROW("style", TEXTS), AT(style), .required = true, .unit = "FILE,...",
     .help = "the painting; of several, one network learns all"},
    {AD_ROW("data", FILE), AT(data), .required = true, .may_change = true,
     .help = "folder of photos, subfolders included"},
    {AD_ROW("weights", FILE), AT(weights), .may_change = true,
     .help = "weights of the network that looks, VGG-16 or -19 (default: the embedded one)"},
    {AD_ROW("init", FILE), AT(init), .may_change = true,
     .help = "start from a network that was trained before, of the same width"},
    {AD_ROW("batch", INT), AT(batch), .initial = "4", .min = 1, .max = 1024,
     .help = "crops in a step"},
    {AD_ROW("crop", INT), AT(crop), .initial = "192", .min = 64, .max = 2048,
     .help = "side of a crop, in pixels; a multiple of 4"},
    {AD_ROW("style-size", INT), AT(style_size), .initial = "384", .min = 64, .max = 4096,
     .help = "longer side of the paintings: smaller makes smaller strokes"},
    {AD_ROW("content-weight", REAL), AT(content_weight),
     .initial = STYLE_TEXT(STYLE_CONTENT_WEIGHT), .max = 1e30, .help = "how much the photo counts"},
    {AD_ROW("style-weight", REAL), AT(style_weight), .initial = STYLE_TEXT(STYLE_STYLE_WEIGHT),
     .min = 1e-30, .max = 1e30, .help = "how much the painting counts"},
    {AD_ROW("tv-weight", REAL), AT(tv_weight), .initial = STYLE_TEXT(STYLE_TV_WEIGHT), .max = 1e30,
     .help = "how much smoothness counts"},
    {AD_ROW("lattice-weight", REAL), AT(lattice_weight), .initial = "1e6", .max = 1e30,
     .help = "how much it counts that no pattern hangs on the grid of pixels"},
    {AD_ROW("temporal", FLAG), AT(temporal),
     .help = "for films: what moves is to be painted the same before and after"},
    {AD_ROW("temporal-weight", REAL), AT(temporal_weight), .initial = "5e4", .min = 1e-30,
     .max = 1e30, .help = "of --temporal: how much that counts"},
    {0}};
#undef AT
const ad_record style_source_record = {
    .title = "data", .options = source_rows, .size = sizeof(style_source)};

/* ---- the system and its verb ---- */

static const ad_record *const records[] = {&style_net_record, &style_source_record,
                                           &ad_train_record, NULL};
static const ad_default defaults[] = {
    {"lr", "2e-3"}, {"schedule", "cosine"}, AD_OTHERWISE("steps", "4000"), {0}};
const ad_system style_system = {AD_SYSTEM(
    "style", "crops", style_training, records, &style_net_record, defaults,
    .read = style_train_read, .network = style_train_network, .prepare = style_train_begin,
    .sample = style_train_sample, .free = style_train_free)};

const ad_verb style_train_verb = {
    AD_TRAIN_VERB("style", &style_system, records, defaults,
                  "train a network that paints any photo in one style, or in several"),
    .description =
        "The network paints in one pass (Johnson, Alahi and Li, 2016); it learns from random crops "
        "of photos, which need no labels. `style apply RUN photo.jpg` paints with it.\n"
        "\n"
        "Of several paintings one network learns all the styles, which are called what the files "
        "are (Dumoulin, Shlens and Kudlur, 2017): `style apply RUN photo.jpg --style wave`, or "
        "--style-mix wave:0.7,scream:0.3.\n"
        "\n"
        "  autodidact style train --style painting.jpg --data photos/ --minutes 60\n"
        "  autodidact style train --style painting.jpg --data photos/ --width 16 --minutes 30\n"
        "  autodidact style train --style wave.jpg,scream.jpg --data photos/ --temporal"};
