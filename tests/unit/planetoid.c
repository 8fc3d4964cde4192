/* planetoid.c - graphs from Planetoid's files, written by the test; what is wrong with them is
 * named. The pickles are those of Python 2, byte for byte what cPickle writes with protocol 2. */
#include "graph_files.h"

typedef struct bytes {
    unsigned char data[8192];
    size_t size;
} bytes;

static void put(bytes *b, const void *data, size_t size)
{
    memcpy(b->data + b->size, data, size);
    b->size += size;
}
#define PUT(b, literal) put(b, literal, sizeof(literal) - 1)

static void put_int(bytes *b, int value)
{
    unsigned char two[3] = {'M', (unsigned char)value, (unsigned char)(value >> 8)};
    put(b, two, 3);
}

/* A numpy array of 4-byte elements; columns 0: one axis. */
static void put_array(bytes *b, const char *type, const void *data, int rows, int columns)
{
    PUT(b, "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\1b\x87R(K\1");
    put_int(b, rows);
    if (columns) {
        put_int(b, columns);
        PUT(b, "\x86");
    } else {
        PUT(b, "\x85");
    }
    PUT(b, "cnumpy\ndtype\nU\2");
    put(b, type, 2);
    PUT(b, "K\0K\1\x87R(K\3U\1<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x89T");
    int size = rows * (columns ? columns : 1) * 4;
    put(b, &size, 4);
    put(b, data, (size_t)size);
    PUT(b, "tb");
}

static void put_csr(bytes *b, int rows, int columns, const int *start, const int *column,
                    const float *value)
{
    PUT(b, "\x80\2cscipy.sparse.csr\ncsr_matrix\n)\x81}(U\x06_shape");
    put_int(b, rows), put_int(b, columns);
    PUT(b, "\x86U\6indptr");
    put_array(b, "i4", start, rows + 1, 0);
    PUT(b, "U\7indices");
    put_array(b, "i4", column, start[rows], 0);
    PUT(b, "U\4data");
    put_array(b, "f4", value, start[rows], 0);
    PUT(b, "ub.");
}

static void write_csr(const char *name, int rows, int columns)
{
    bytes b = {.size = 0};
    int start[8], column[8];
    float value[8];
    for (int i = 0; i <= rows; ++i) start[i] = i;
    for (int i = 0; i < rows; ++i) column[i] = i % columns, value[i] = (float)(i + 1);
    put_csr(&b, rows, columns, start, column, value);
    write_bytes(name, b.data, b.size);
}

static void write_hot(const char *name, int rows, int columns)
{
    bytes b = {.size = 0};
    int hot[32] = {0};
    for (int i = 0; i < rows; ++i) hot[i * columns + (i + 1) % columns] = 1;
    PUT(&b, "\x80\2");
    put_array(&b, "i4", hot, rows, columns);
    PUT(&b, ".");
    write_bytes(name, b.data, b.size);
}

/* 2 training nodes of 3, tested ones 3 and 5: 4 is isolated and left out, as in Citeseer. */
static void write_planetoid(int edge_to)
{
    bytes b = {.size = 0};
    write_csr("ind.toy.x", 2, 3), write_csr("ind.toy.tx", 2, 3), write_csr("ind.toy.allx", 3, 3);
    write_hot("ind.toy.y", 2, 2), write_hot("ind.toy.ty", 2, 2), write_hot("ind.toy.ally", 3, 2);
    write_text("ind.toy.test.index", "5\n3\n");
    PUT(&b, "\x80\2ccollections\ndefaultdict\nc__builtin__\nlist\n\x85Rq\1(K\0](K\1K\3eK\1]K\0a"
            "K\3](K\0");
    put_int(&b, edge_to);
    PUT(&b, "eu.");
    write_bytes("ind.toy.graph", b.data, b.size);
}

static void planetoid(void)
{
    begin();
    write_planetoid(5);
    ad_graph_set *set = read_set(folder, NULL), *named = read_set(folder, "toy");
    REQUIRE(set && named);
    CHECK(set->fingerprint == named->fingerprint);
    ad_graph_set_free(named);
    CHECK(set->nodes == 6 && set->edges == 6 && set->features == 3 && set->classes == 2);
    CHECK(set->values == 5 && set->value_start[4] == 4 && set->value_start[5] == 4);
    CHECK(set->value[3] == 2 && set->value[4] == 1); /* rows 1 and 0 of tx */
    CHECK(set->labels[0] == 1 && set->labels[1] == 0 && set->labels[3] == 0 &&
          set->labels[4] == -1 && set->labels[5] == 1);
    CHECK(set->split[0] == AD_GRAPH_TRAIN && set->split[2] == AD_GRAPH_VALIDATION &&
          set->split[3] == AD_GRAPH_TEST && set->split[4] == AD_GRAPH_NO_SPLIT);
    ad_graph_set_normalise(set);
    CHECK(set->value[3] == 1);
    ad_graph_set_free(set);
    end();
}

static void broken_planetoid(void)
{
    begin();
    write_planetoid(6);
    refuses(folder, "toy", "ind.toy.graph",
            "from node 3 to 6, refers to a node that does not exist");
    write_planetoid(5);
    write_text("ind.toy.test.index", "5\n5\n");
    refuses(folder, "toy", "ind.toy.test.index:2", "node 5 occurs twice");
    write_text("ind.toy.test.index", "2\n5\n");
    refuses(folder, "toy", "ind.toy.test.index:1", "node 2 is already in");
    write_text("ind.toy.test.index", "5\n");
    refuses(folder, "toy", "ind.toy.test.index", "names 1 nodes");
    write_text("ind.toy.test.index", "5\nx\n");
    refuses(folder, "toy", "ind.toy.test.index:2", "not the number of a node");
    write_text("ind.toy.test.index", "5\n9999999\n");
    refuses(folder, "toy", "ind.toy.test.index", "far beyond");
    write_planetoid(5);
    write_csr("ind.toy.allx", 4, 3);
    refuses(folder, "toy", "ind.toy.allx", "has 4 rows");
    write_csr("ind.toy.allx", 3, 2);
    refuses(folder, "toy", "ind.toy.x", "has 3 columns");
    bytes b = {.size = 0};
    put_csr(&b, 3, 3, (int[]){0, 1, 2, 3}, (int[]){0, 3, 1}, (float[]){1, 1, 1});
    write_bytes("ind.toy.allx", b.data, b.size);
    refuses(folder, "toy", "ind.toy.allx", "do not agree");
    for (size_t size = 0; size < b.size; ++size) { /* cut anywhere */
        write_bytes("ind.toy.allx", b.data, size);
        refuses(folder, "toy", "ind.toy.allx", "");
    }
    CHECK_CONTAINS(ad_error(ctx), "truncated");
    b.size = 0;
    PUT(&b, "\x80\2cos\nsystem\nU\x04true\x85R.");
    write_bytes("ind.toy.allx", b.data, b.size);
    refuses(folder, "toy", "ind.toy.allx", "asks for os.system");
    REQUIRE(remove(in_folder("ind.toy.allx")) == 0);
    refuses(folder, "toy", "ind.toy.allx", "No such file");
    write_text("ind.other.graph", "");
    refuses(folder, NULL, folder, "holds several sets");
    end();
}

int main(int argc, char **argv)
{
    return check_main(argc, argv, (check_case[]){CASE(planetoid), CASE(broken_planetoid), {0}});
}
