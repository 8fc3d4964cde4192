/* pickle.c - the stack machine by itself: opcodes, refusals, and programs made to exhaust it. */
#include "check.h"
#include "io/pickle.h"

static ad_context *ctx;
static ad_arena arena;

/* Runs the bytes of a pickle; the value lives in `arena`. */
static ad_status load(const char *bytes, size_t size, ad_pickle_value **out)
{
    ad_pickle pickle;
    ad_error_clear(ctx);
    ad_pickle_init(&pickle, &arena, "x.pth", bytes, size);
    ad_status status = ad_pickle_load(&pickle, out);
    ad_pickle_free(&pickle);
    return status;
}
#define LOAD(text, out) load(text, sizeof(text) - 1, out)

static void refuses(const char *bytes, size_t size, ad_status status, const char *sentence)
{
    ad_pickle_value *value;
    ad_status got = load(bytes, size, &value);
    if (got != status)
        CHECK_FAIL("status %s, expected %s (%s)", ad_status_name(got), ad_status_name(status),
                   sentence);
    CHECK_CONTAINS(ad_error(ctx), "x.pth");
    CHECK_CONTAINS(ad_error(ctx), sentence);
    ad_arena_free(&arena);
}
#define REFUSES(text, status, sentence) refuses(text, sizeof(text) - 1, status, sentence)

static void reads_numbers(void)
{
    static const struct {
        const char *bytes;
        size_t size;
        int64_t value;
    } rows[] = {{"K\xff.", 3, 255},
                {"M\x34\x12.", 4, 0x1234},
                {"J\xfe\xff\xff\xff.", 6, -2},
                {"\x8a\0.", 3, 0},
                {"\x8a\1\xff.", 4, -1},
                {"\x8a\2\xff\0.", 5, 255},
                {"\x8a\x08\0\0\0\0\0\0\0\x80.", 11, INT64_MIN},
                {"\x8b\1\0\0\0\x7f.", 7, 127}};
    ad_pickle_value *value;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
        REQUIRE(load(rows[i].bytes, rows[i].size, &value) == AD_OK);
        CHECK_INT(value->kind, AD_PV_INT);
        CHECK_INT(value->integer, rows[i].value);
    }
    REQUIRE(LOAD("G\xbf\xe0\0\0\0\0\0\0.", &value) == AD_OK);
    CHECK(value->kind == AD_PV_FLOAT && value->real == -0.5);
    REQUIRE(LOAD("\x8a\x09\1\2\3\4\5\6\7\x08\x09.", &value) == AD_OK);
    CHECK(value->kind == AD_PV_LONG && value->text.length == 9);
    REQUIRE(LOAD("\x89.", &value) == AD_OK);
    CHECK(value->kind == AD_PV_BOOL && !value->boolean);
    ad_arena_free(&arena);
}

static void reads_containers(void)
{
    ad_pickle_value *value;
    /* {'a': [1, 2], 'b': (3, None), 'c': {4}} with memo, marks and a frame */
    REQUIRE(LOAD("\x80\x04\x95\x20\0\0\0\0\0\0\0}\x94(\x8c\1a](K\1K\2eX\1\0\0\0bK\3N\x86U\1c\x8f("
                 "K\4\x90u.",
                 &value) == AD_OK);
    REQUIRE(value->kind == AD_PV_DICT && value->list.count == 6);
    CHECK(value->list.items[1]->kind == AD_PV_LIST && value->list.items[1]->list.count == 2);
    CHECK(value->list.items[3]->kind == AD_PV_TUPLE &&
          value->list.items[3]->list.items[1]->kind == AD_PV_NONE);
    CHECK(value->list.items[5]->kind == AD_PV_SET && value->list.items[5]->list.count == 1);
    /* a list that holds itself */
    REQUIRE(LOAD("]q\0h\0a.", &value) == AD_OK);
    CHECK(value->list.items[0] == value);
    /* OrderedDict of pairs, as Python 2 wrote it; what is appended to the copy of a list stays
     * there */
    REQUIRE(LOAD("ccollections\nOrderedDict\n](K\1K\2\x86K\3K\4\x86"
                 "e\x85R.",
                 &value) == AD_OK);
    CHECK(value->kind == AD_PV_DICT && value->list.count == 4);
    REQUIRE(LOAD("](](K\1K\2eq\1c__builtin__\nlist\nh\1\x85RK\3ah\1K\4ae.", &value) == AD_OK);
    REQUIRE(value->list.count == 3 && value->list.items[1]->list.count == 3);
    CHECK_INT(value->list.items[0]->list.count, 3);
    CHECK_INT(value->list.items[0]->list.items[2]->integer, 4);
    CHECK_INT(value->list.items[1]->list.items[2]->integer, 3);
    ad_arena_free(&arena);
}

static void refuses_names(void)
{
    REFUSES("cos\nsystem\n(U\2idtR.", AD_ERROR_UNSUPPORTED,
            "the pickle asks for os.system, which is not a tensor or a container");
    REFUSES("\x8c\2os\x8c\6system\x93.", AD_ERROR_UNSUPPORTED, "asks for os.system,");
    REFUSES("(ios\nsystem\n.", AD_ERROR_UNSUPPORTED, "asks for os.system,");
    REFUSES("(icollections\nOrderedDict\n.", AD_ERROR_UNSUPPORTED, "opcode 0x69");
    REFUSES("cbuiltins\ngetattr\n.", AD_ERROR_UNSUPPORTED, "asks for builtins.getattr,");
    REFUSES("ctorch\n\x1b[2J\n.", AD_ERROR_UNSUPPORTED, "asks for torch.?[2J,");
    REFUSES("ctorch\nFloatStorage.__init__\n.", AD_ERROR_UNSUPPORTED,
            "torch.FloatStorage.__init__");
    REFUSES("\x82\1.", AD_ERROR_UNSUPPORTED, "opcode 0x82"); /* EXT1 */
    REFUSES("Pname\n.", AD_ERROR_UNSUPPORTED, "opcode 0x50");
    REFUSES("(U\6moduleNNt"
            "Q.",
            AD_ERROR_UNSUPPORTED, "refers to a module");
    REFUSES("\x80\1N.", AD_ERROR_UNSUPPORTED, "protocol 1");
}

static void refuses_nonsense(void)
{
    REFUSES("", AD_ERROR_FORMAT, "truncated");
    REFUSES("K", AD_ERROR_FORMAT, "truncated");
    REFUSES("X\xff\xff\xff\xff", AD_ERROR_FORMAT, "truncated");
    REFUSES("\x8d\xff\xff\xff\xff\xff\xff\xff\xff.", AD_ERROR_FORMAT, "truncated");
    REFUSES("\x95\xff\xff\xff\xff\xff\xff\xff\xffN.", AD_ERROR_FORMAT, "truncated");
    REFUSES("cos", AD_ERROR_FORMAT, "truncated");
    REFUSES(".", AD_ERROR_FORMAT, "the stack is empty");
    REFUSES("0.", AD_ERROR_FORMAT, "the stack is empty");
    REFUSES("N(0.", AD_ERROR_FORMAT, "the stack is empty"); /* below the mark */
    REFUSES("N(.", AD_ERROR_FORMAT, "a mark is left");
    REFUSES("t.", AD_ERROR_FORMAT, "there is no mark");
    REFUSES("(Nd.", AD_ERROR_FORMAT, "a key without a value");
    REFUSES("}(Nu.", AD_ERROR_FORMAT, "items for no container");
    REFUSES("NNa.", AD_ERROR_FORMAT, "items for no container");
    REFUSES("h\5.", AD_ERROR_FORMAT, "never stored");
    REFUSES("Nr\xff\xff\xff\xff.", AD_ERROR_FORMAT, "cannot have reached");
    REFUSES("N)R.", AD_ERROR_FORMAT, "calls what is not a function");
    REFUSES("ccollections\nOrderedDict\nNR.", AD_ERROR_FORMAT, "not a tuple");
    REFUSES("ccollections\nOrderedDict\nK\1\x85R.", AD_ERROR_FORMAT,
            "calls collections.OrderedDict with");
    REFUSES("ctorch\nFloatStorage\n)R.", AD_ERROR_FORMAT, "calls torch.FloatStorage with");
    REFUSES("ctorch._utils\n_rebuild_tensor_v2\n(NNNNtR.", AD_ERROR_FORMAT,
            "calls torch._utils._rebuild_tensor_v2");
    REFUSES("c_codecs\nencode\nU\2\xff\xffU\6latin1\x86R.", AD_ERROR_FORMAT,
            "calls _codecs.encode");
    REFUSES("NNb.", AD_ERROR_FORMAT, "sets up a plain value");
    REFUSES("NQ.", AD_ERROR_FORMAT, "refers to a storage");
    REFUSES("(U\7storagectorch\nFloatStorage\nU\1"
            "0U\3cpuJ\xff\xff\xff\xfftQ.",
            AD_ERROR_FORMAT, "refers to a storage");
    REFUSES("(U\7storagectorch\nFloatStorage\nU\1"
            "0U\3cpuK\4U\1vK\2K\3\x87tQ.",
            AD_ERROR_FORMAT, "a part of storage 0 that it does not have");
}

/* Small programs that make much work: copies of copies, and more steps than a file can need. */
static void is_not_exhausted(void)
{
    enum { SIZE = 9 << 20 };
    char *bytes = malloc(SIZE);
    size_t length = 0;
    REQUIRE(bytes);
    memset(bytes, 'N', SIZE);
    refuses(bytes, SIZE, AD_ERROR_LIMIT, "steps");

    /* a list of 2^16 pairs, made into a dictionary again and again */
    bytes[length++] = ']', bytes[length++] = '(';
    for (int i = 0; i < 1 << 16; ++i) memcpy(bytes + length, "NN\x86", 3), length += 3;
    memcpy(bytes + length, "eq\1", 3), length += 3;
    for (int i = 0; i < 1 << 15; ++i) {
        memcpy(bytes + length, "ccollections\nOrderedDict\nh\1\x85R0", 30);
        length += 30;
    }
    refuses(bytes, length, AD_ERROR_LIMIT, "steps");
    free(bytes);
}

static void leaves_no_memory(void)
{
    CHECK_INT(ad_context_memory(ctx), 0);
}

int main(int argc, char **argv)
{
    ctx = ad_context_new(NULL);
    ad_arena_init(&arena, ctx);
    int result = check_main(argc, argv,
                            (check_case[]){CASE(reads_numbers),
                                           CASE(reads_containers),
                                           CASE(refuses_names),
                                           CASE(refuses_nonsense),
                                           CASE(is_not_exhausted),
                                           CASE(leaves_no_memory),
                                           {0}});
    ad_context_free(ctx);
    return result;
}
