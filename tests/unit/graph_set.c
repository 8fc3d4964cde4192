/* graph_set.c - graphs from tables and texts that the test writes, with what is wrong with them
 * named; their weights, features, names and splits. */
#include "graph_files.h"

/* ---- tables ---- */

static void tables(void)
{
    begin();
    write_text("nodes.csv", "id,label,split,a,b\r\nx,cat,train,1,0\r\n\"y, z\",dog,test,0,-2.5\n"
                            "w,,,0,0\nv,cat,val,3,4\n");
    write_text("edges.csv", "source,target\nx,\"y, z\"\nx,v\nv,x\nw,w\n");
    ad_graph_set *set = read_set(folder, NULL);
    REQUIRE(set);
    CHECK(set->nodes == 4 && set->features == 2 && set->values == 4);
    CHECK_INT(set->edges, 4); /* x-y and x-v both ways; w-w is dropped */
    CHECK(set->edge_start[1] == 2 && set->source[0] == 1 && set->source[1] == 3);
    CHECK(set->edge_start[3] - set->edge_start[2] == 0);
    CHECK_INT(set->classes, 2);
    CHECK(!strcmp(set->class_names[0], "cat") && !strcmp(set->class_names[1], "dog"));
    CHECK(set->labels[0] == 0 && set->labels[1] == 1 && set->labels[2] == -1);
    CHECK(set->split[0] == AD_GRAPH_TRAIN && set->split[1] == AD_GRAPH_TEST &&
          set->split[2] == AD_GRAPH_NO_SPLIT && set->split[3] == AD_GRAPH_VALIDATION);
    CHECK(!strcmp(set->node_names[1], "y, z") && set->has_splits);
    CHECK(set->value[set->value_start[1]] == -2.5f && set->feature[set->value_start[1]] == 1);
    ad_graph_set_free(set);
    /* a byte order mark, capitals, semicolons, commas for points */
    write_text("nodes.csv", "\xef\xbb\xbf"
                            "Id;Label;F\nx;a;1,5\ny;b;2\n");
    write_text("edges.csv", "Source\tTarget\nx\ty\n");
    set = read_set(folder, NULL);
    REQUIRE(set);
    CHECK(set->nodes == 2 && set->edges == 2 && set->features == 1);
    CHECK(set->value[0] == 1.5f && set->value[1] == 2);
    ad_graph_set_free(set);
    /* several labels, several graphs */
    write_text("nodes.csv", "id,labels,graph,f\n1,b;a,g1,1\n2,,g1,1\n3,a,g2,0\n");
    write_text("edges.csv", "source,target\n1,2\n");
    set = read_set(folder, NULL);
    REQUIRE(set && set->targets);
    CHECK_INT(set->graphs, 2);
    CHECK(set->graph_start[1] == 2 && set->graph_start[2] == 3);
    CHECK(set->targets[0] == 1 && set->targets[1] == 1 && set->targets[2] == 0 &&
          set->targets[4] == 1 && set->targets[5] == 0);
    ad_graph_set_free(set);
    end();
}

static void broken_tables(void)
{
    begin();
    refuses(in_folder("nowhere"), NULL, "nowhere", "no such file");
    refuses(folder, NULL, folder, "no graphs");
    refuses(folder, "x", folder, "no graphs called x");
    write_text("nodes.csv", "id,label,f\n1,a,0\n2,b,1\n");
    refuses(folder, NULL, "edges.csv", "No such file");
    write_text("edges.csv", "source,target\n1,2\n1,7\n");
    refuses(folder, NULL, "edges.csv:3", "target 7 is not a node");
    write_text("edges.csv", "source,target\n1,2,3\n");
    refuses(folder, NULL, "edges.csv:2", "has 3 fields");
    write_text("edges.csv", "from,target\n1,2\n");
    refuses(folder, NULL, "edges.csv", "no column source");
    write_text("nodes.csv", "id,label,f\n1,a,0\n2,b,1\n1,a,1\n");
    refuses(folder, NULL, "nodes.csv:4", "node 1 occurs twice");
    write_text("nodes.csv", "id,label,f\n1,a,zero\n");
    refuses(folder, NULL, "nodes.csv:2", "\"zero\" in column f is not a number");
    write_text("nodes.csv", "id,label,f\n1,a,1e99\n");
    refuses(folder, NULL, "nodes.csv:2", "1e99 in column f is too large");
    write_text("nodes.csv", "id,label,split\n1,a,later\n");
    refuses(folder, NULL, "nodes.csv:2", "split \"later\"");
    write_text("nodes.csv", "name,label\n1,a\n");
    refuses(folder, NULL, "nodes.csv", "no column id");
    write_text("nodes.csv", "id,label\n1,\n");
    refuses(folder, NULL, "nodes.csv", "no node has a label");
    write_text("nodes.csv", "id,label,graph\n1,a,g\n2,a,h\n3,a,g\n");
    refuses(folder, NULL, "nodes.csv:4", "graph g is continued");
    write_text("nodes.csv", "");
    refuses(folder, NULL, "nodes.csv", "is empty");
    end();
}

/* ---- weights ---- */

/* What was said while the set was read. */
static char notes[1024];

static void note(void *user, const char *sentence)
{
    (void)user;
    snprintf(notes + strlen(notes), sizeof notes - strlen(notes), "%s\n", sentence);
}

static ad_graph_set *read_noted(bool directed)
{
    ad_graph_set *set = NULL;
    notes[0] = 0;
    ad_error_clear(ctx);
    if (ad_graph_set_read(&set, ctx, folder,
                          &(ad_graph_set_options){.directed = directed, .watcher = {.note = note}}))
        CHECK_FAIL("%s", ad_error(ctx));
    return set;
}

static void weights(void)
{
    begin();
    write_text("nodes.csv", "id,label,f\nx,a,1\ny,b,2\nz,a,3\n");
    write_text("edges.csv", "Source;Target;Since;WEIGHT;kind\nx;y;1999;0,5;k\ny;x;2001;0,5;k\n"
                            "z;x;;2;l\nz;z;;7;l\n");
    ad_graph_set *set = read_noted(false);
    REQUIRE(set);
    CHECK(set->edges == 4 && set->weight);
    CHECK(set->source[0] == 1 && set->weight[0] == 0.5f && set->weight[1] == 2 &&
          set->weight[2] == 0.5f && set->weight[3] == 2);
    CHECK_CONTAINS(notes, "edges.csv: not used of its columns: Since, kind\n");
    CHECK_CONTAINS(notes, "edges.csv: fields are separated by \";\"\n");
    CHECK(!strstr(notes, "nodes.csv"));
    uint64_t fingerprint = set->fingerprint;
    ad_graph_set_free(set);
    /* the class is another column: a label then is a name */
    write_text("nodes.csv", "Id,Label,f,Team\nx,Ann,1,red\ny,Bob,2,blue\nz,Cyd,3,red\n");
    notes[0] = 0;
    ad_graph_set_options team = {.label = "team", .watcher = {.note = note}};
    CHECK_INT(ad_graph_set_read(&set, ctx, folder, &team), AD_OK);
    REQUIRE(set);
    CHECK(set->features == 1 && set->classes == 2 && set->labels[0] == 1 && set->labels[1] == 0);
    CHECK_CONTAINS(notes, "nodes.csv: not used of its columns: Label\n");
    ad_graph_set_free(set);
    team.label = "squad";
    CHECK_INT(ad_graph_set_read(&set, ctx, folder, &team), AD_ERROR_FORMAT);
    CHECK_CONTAINS(ad_error(ctx),
                   "has no column squad; its columns, separated by \",\", are Id, Label");
    write_text("nodes.csv", "id,label,f\nx,a,1\ny,b,2\nz,a,3\n");
    write_text("edges.csv", "source,target,weight\nx,y,3\ny,x,0.5\nz,x,2\n");
    refuses(folder, NULL, "edges.csv", "from y to x has two weights, 0.5 and 3 (both directions");
    set = read_noted(true);
    REQUIRE(set);
    CHECK(set->edges == 3 && set->weight[0] == 0.5f && set->weight[1] == 2 && set->weight[2] == 3);
    CHECK(set->fingerprint != fingerprint && !*notes);
    ad_graph_set_free(set);
    write_text("edges.csv", "source,target,weight\nx,y,1\nz,x,1.0\n");
    set = read_noted(false);
    CHECK(set && !set->weight); /* as if there were none */
    ad_graph_set_free(set);
    write_text("edges.csv", "source,target,weight\nx,y,1\nz,x,\n");
    refuses(folder, NULL, "edges.csv:3", "column weight is empty, expected a number");
    write_text("edges.csv", "source,target,weight\nx,y,1\nz,x,nan\n");
    refuses(folder, NULL, "edges.csv:3", "\"nan\" in column weight is not a number");
    write_text("edges.csv", "source,target,weight\nx,y,2e18\n");
    refuses(folder, NULL, "edges.csv:2", "2e18 is too large for a weight");
    end();
}

/* ---- features, names ---- */

static void scaled_features(void)
{
    begin();
    write_text("nodes.csv", "id,label,f,g,h\nx,a,1,-1,2\ny,b,3,1,0\nz,a,0,0,0\n"
                            "w,b,1e18,-1e18,0\n");
    write_text("edges.csv", "source,target\nx,y\nx,z\n");
    ad_graph_set *set = read_set(folder, NULL);
    REQUIRE(set);
    ad_graph_set_normalise(set); /* by the sum of 1, 0 and 2 the first would be doubled */
    CHECK(set->value[0] == 0.25f && set->value[1] == -0.25f && set->value[2] == 0.5f);
    CHECK(set->value[3] == 0.75f && set->value[4] == 0.25f);
    CHECK(set->value[5] == 0.5f && set->value[6] == -0.5f);
    CHECK_INT(ad_graph_set_degrees(set, 0), AD_OK);
    CHECK(set->features == 3 && set->values == 4 && set->value_start[4] == 4);
    CHECK(set->feature[0] == 2 && set->feature[1] == 1 && set->feature[2] == 1 &&
          set->feature[3] == 0 && set->value[3] == 1);
    CHECK_INT(ad_graph_set_degrees(set, 1), AD_OK);
    CHECK(set->features == 2 && set->feature[0] == 1);
    CHECK_INT(ad_graph_set_identity(set), AD_OK);
    CHECK(set->features == 4 && set->feature[3] == 3 && set->value[2] == 1);
    ad_graph_set_free(set);
    write_text("nodes.csv", "id,label,f,g\nx,a,1,3e38\n");
    refuses(folder, NULL, "nodes.csv:2", "3e38 in column g is too large for a feature");
    write_text("nodes.csv", "id,label\nx,a\ny,b\nz,a\n");
    set = read_set(folder, NULL);
    CHECK(set && !set->features && !set->values);
    ad_graph_set_free(set);
    write_text("T.txt", "1\n2 0\n0 1 1 3e38\n0 1 0 1\n");
    refuses(folder, "T", "T.txt", "feature 1 of node 0 is 3e+38");
    write_text("T.txt", "2\n1 0\n0 0\n1 1\n0 0\n");
    set = read_set(folder, "T");
    REQUIRE(set);
    CHECK_INT(ad_graph_set_identity(set), AD_ERROR_ARGUMENT);
    ad_graph_set_free(set);
    end();
}

static void finds(const ad_graph_set *set, const char *name, int64_t want, const char *sentence)
{
    int64_t node;
    ad_status status = ad_graph_set_find(set, name, &node);
    CHECK_INT(status ? -1 : node, want);
    if (want < 0) CHECK_CONTAINS(ad_error(ctx), sentence);
}

static void nodes_by_name(void)
{
    begin();
    write_text("nodes.csv", "id,label\nalice,a\nbob,b\n\"carol, d\",a\n");
    write_text("edges.csv", "source,target\nalice,bob\n");
    ad_graph_set *set = read_set(folder, NULL);
    REQUIRE(set);
    finds(set, "bob", 1, "");
    finds(set, "carol, d", 2, "");
    finds(set, "2", 2, "");
    finds(set, "3", -1, "there is no node 3; there are 3 nodes, alice the first");
    finds(set, "alise", -1, "did you mean alice?");
    finds(set, "99999999999999999999", -1, "there is no node");
    ad_graph_set_free(set);
    write_text("nodes.csv", "id,label\n1,a\n2,b\n3,a\n");
    write_text("edges.csv", "source,target\n1,2\n");
    set = read_set(folder, NULL);
    REQUIRE(set);
    finds(set, "1", 0, "");
    finds(set, "0", -1, "there is no node 0"); /* a name that is a number is no place */
    ad_graph_set_free(set);
    write_text("T.txt", "1\n2 0\n0 1 1\n0 1 0\n");
    set = read_set(folder, "T");
    REQUIRE(set);
    finds(set, "1", 1, "");
    finds(set, "2", -1, "there are 2 nodes, from 0 on");
    ad_graph_set_free(set);
    end();
}

/* ---- texts ---- */

static void texts(void)
{
    begin();
    write_text("T.txt", "2\n3 0\n0 1 1 0.5\n2 2 0 2 0\n0 1 1 -1\n2 1\n1 1 1 0\n0 1 0 2\n");
    ad_graph_set *set = read_set(folder, "T");
    REQUIRE(set);
    CHECK(set->of_graphs && set->graphs == 2 && set->nodes == 5 && set->items == 2);
    CHECK_INT(set->edges, 6);
    CHECK_INT(set->features, 4); /* tags 0 to 2, and an attribute */
    CHECK(set->labels[0] == 0 && set->labels[1] == 1);
    CHECK(set->source[set->edge_start[3]] == 4);
    CHECK(set->value_start[1] == 2 && set->feature[1] == 3 && set->value[1] == 0.5f);
    ad_graph_set_free(set);
    write_text("T.txt", "1\n2 0\n0 1 2\n0 1 0\n");
    refuses(folder, "T", "T.txt:3", "refers to a node that does not exist");
    write_text("T.txt", "1\n2 -1\n0 1 1\n0 1 0\n");
    refuses(folder, "T", "T.txt:2", "a label is expected");
    write_text("T.txt", "2\n2 0\n0 1 1\n0 1 0\n");
    refuses(folder, "T", "T.txt:5", "the file ends too early");
    write_text("T.txt", "1\n2 0\n0 1 1\n0 2 0\n");
    refuses(folder, "T", "T.txt:4", "neighbours are missing");
    write_text("T.txt", "1\n2 0\n0 1 1\n0 1 0 7\n");
    refuses(folder, "T", "T.txt:4", "1 attributes, nodes before have 0");
    write_text("T.txt", "graphs\n");
    refuses(folder, "T", "T.txt:1", "the number of graphs");
    write_text("T.txt", "1\n99999 0\n");
    refuses(folder, "T", "T.txt:2", "the file ends before");
    end();
}

/* ---- splits ---- */

static void folds(void)
{
    begin();
    char text[8192] = "100\n";
    for (int i = 0; i < 100; ++i) sprintf(text + strlen(text), "1 %d\n0 0\n", i % 10 == 0);
    write_text("F.txt", text);
    ad_graph_set *set = read_set(folder, "F");
    REQUIRE(set);
    int tested[100] = {0};
    for (int fold = 0; fold < 10; ++fold) {
        int rare = 0;
        ad_graph_set_fold(set, fold, 10, 0.1, 3);
        CHECK_INT(ad_graph_set_count(set, AD_GRAPH_TEST), 10);
        CHECK_INT(ad_graph_set_count(set, AD_GRAPH_VALIDATION), 9);
        CHECK_INT(ad_graph_set_count(set, AD_GRAPH_TRAIN), 81);
        for (int i = 0; i < 100; ++i) {
            bool test = set->split[i] == AD_GRAPH_TEST;
            tested[i] += test, rare += test && set->labels[i] == 1;
        }
        CHECK_INT(rare, 1);
    }
    for (int i = 0; i < 100; ++i) CHECK_INT(tested[i], 1);
    ad_graph_set_draw(set, 5, 4, 20, 30);
    CHECK_INT(ad_graph_set_count(set, AD_GRAPH_TRAIN), 8);
    CHECK_INT(ad_graph_set_count(set, AD_GRAPH_VALIDATION), 20);
    CHECK_INT(ad_graph_set_count(set, AD_GRAPH_TEST), 30);
    ad_graph_set_free(set);
    end();
}

int main(int argc, char **argv)
{
    return check_main(argc, argv,
                      (check_case[]){CASE(tables),
                                     CASE(broken_tables),
                                     CASE(weights),
                                     CASE(scaled_features),
                                     CASE(nodes_by_name),
                                     CASE(texts),
                                     CASE(folds),
                                     {0}});
}
