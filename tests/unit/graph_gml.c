/* graph_gml.c - graphs from GML as networkx, Newman and others write it, and what is wrong with
 * files that are none. */
#include "case.h"
#include "sparing.h"

#include <autodidact/graph_data.h>
#include <sys/stat.h>

static char notes[1024];

static void note(void *user, const char *sentence)
{
    (void)user;
    snprintf(notes + strlen(notes), sizeof notes - strlen(notes), "%s\n", sentence);
}

static ad_status read_labelled(ad_graph_set **set, const char *path, const char *label)
{
    notes[0] = 0;
    ad_error_clear(ctx);
    return ad_graph_set_read(set, ctx, path,
                             &(ad_graph_set_options){.label = label, .watcher = {.note = note}});
}

static ad_graph_set *read_set(const char *path, const char *label)
{
    ad_graph_set *set = NULL;
    if (read_labelled(&set, path, label)) CHECK_FAIL("%s", ad_error(ctx));
    return set;
}

static void refuses(const char *text, const char *sentence)
{
    ad_graph_set *set = NULL;
    write_text("a.gml", text);
    CHECK(read_labelled(&set, in_folder("a.gml"), NULL) != AD_OK);
    CHECK(!set);
    CHECK_CONTAINS(ad_error(ctx), "a.gml");
    CHECK_CONTAINS(ad_error(ctx), sentence);
}

/* As networkx.write_gml writes karate_club_graph(). */
static void of_networkx(void)
{
    begin();
    write_text("a.gml", "graph [\n  name \"Zachary's Karate Club\"\n"
                        "  node [\n    id 0\n    label \"Ann &#38; Bo\"\n    club \"Mr. Hi\"\n  ]\n"
                        "  node [\n    id 1\n    label \"J&#252;rg\"\n    club \"Officer\"\n"
                        "    pos 0.5\n    pos 1.5\n  ]\n"
                        "  node [\n    id 2\n    label \"2\"\n    club \"Mr. Hi\"\n  ]\n"
                        "  edge [\n    source 0\n    target 1\n    weight 4\n    since 1970\n  ]\n"
                        "  edge [\n    source 1\n    target 2\n  ]\n]\n");
    ad_graph_set *set = read_set(in_folder("a.gml"), NULL);
    REQUIRE(set);
    CHECK(set->nodes == 3 && set->edges == 4 && set->classes == 2 && !set->features);
    CHECK_TEXT(set->class_names[0], "Mr. Hi");
    CHECK(set->labels[0] == 0 && set->labels[1] == 1 && set->labels[2] == 0);
    CHECK_TEXT(set->node_names[0], "Ann & Bo");
    CHECK_TEXT(set->node_names[1], "J\xc3\xbcrg");
    REQUIRE(set->weight);
    CHECK(set->source[0] == 1 && set->weight[0] == 4 && set->weight[2] == 1);
    CHECK_CONTAINS(notes, "not used of the nodes: pos\n");
    CHECK_CONTAINS(notes, "not used of the edges: since\n");
    ad_graph_set_free(set);
    set = read_set(folder, NULL); /* the folder's only file */
    CHECK(set && set->nodes == 3);
    ad_graph_set_free(set);
    set = read_set(folder, "label"); /* the class; nodes are then called by their ids */
    REQUIRE(set);
    CHECK_INT(set->classes, 3);
    CHECK_TEXT(set->node_names[1], "1");
    CHECK_CONTAINS(notes, "not used of the nodes: club, pos\n");
    ad_graph_set_free(set);
    CHECK(read_labelled(&set, folder, "clubs") != AD_OK);
    CHECK_CONTAINS(ad_error(ctx), "no node has the key clubs; their keys are id, label, club, pos");
    write_text("b.gml", "graph [ ]");
    CHECK(read_labelled(&set, folder, NULL) != AD_OK);
    CHECK_CONTAINS(ad_error(ctx), "holds several sets");
    end();
}

/* Newman's form: brackets on their own lines, classes and weights under `value`. */
static void of_newman(void)
{
    begin();
    write_text(
        "a.gml",
        "Creator \"Mark Newman on Fri Jul 21 12:39:27 2006\"\n# a comment ]\ngraph\n[\n"
        "  directed 1\n  node\n  [\n    id 7\n    value \"n\"\n  ]\n"
        "  node\n  [\n    id -3\n    value \"c\"\n    graphics [ x 1.5 fill [ rgb \"]\" ] ]\n"
        "  ]\n"
        "  edge\n  [\n    source 7\n    target -3\n    value 2.5\n  ]\n"
        "  edge [ source -3 target 7 value 1e0 ]\n]\n");
    ad_graph_set *set = read_set(in_folder("a.gml"), NULL);
    REQUIRE(set && set->weight);
    CHECK(set->nodes == 2 && set->edges == 2 && set->classes == 2);
    CHECK(set->labels[0] == 1 && set->labels[1] == 0); /* c, n */
    CHECK(set->weight[0] == 1 && set->weight[1] == 2.5f);
    CHECK_TEXT(set->node_names[1], "-3");
    ad_graph_set_free(set);
    /* karate.gml has no classes; a table beside it has */
    write_text("a.gml", "graph [ node [ id 1 ] node [ id 2 ] node [ id 3 ]\n"
                        "edge [ source 2 target 1 ] edge [ source 3 target 1 ] ]");
    CHECK(read_labelled(&set, folder, NULL) != AD_OK);
    CHECK_CONTAINS(ad_error(ctx), "no node has a class");
    CHECK_CONTAINS(ad_error(ctx), "their keys are id");
    write_text("nodes.csv", "id,label\n3,Officer\n1,Mr. Hi\n2,Officer\n");
    set = read_set(folder, NULL);
    REQUIRE(set);
    CHECK(set->edges == 4 && !set->weight && set->edge_start[1] - set->edge_start[0] == 1 &&
          set->edge_start[2] - set->edge_start[1] == 2 && set->source[0] == 1);
    ad_graph_set_free(set);
    write_text("nodes.csv", "id,label\n3,Officer\n1,Mr. Hi\n");
    CHECK(read_labelled(&set, folder, NULL) != AD_OK);
    CHECK_CONTAINS(ad_error(ctx), "node 2 is not one of");
    end();
}

static void broken(void)
{
    char deep[400] = "graph [ ";
    begin();
    refuses("", "holds no graph [ ... ] of GML");
    refuses("{\"nodes\": []}", "a.gml:1: \"{\" is not a key");
    refuses("graph [ ]", "has no nodes");
    refuses("graph [\n node [ id 1 class \"a\" ]", "a.gml:1: the list of graph is not closed");
    refuses("graph [\n node [\n id 1 class \"a ] ]", "a.gml:3: a string is not closed");
    refuses("graph [ ] ]", "a list is closed that was not opened");
    refuses("graph [ ]\ngraph [ ]", "a.gml:2: a second graph begins");
    refuses("graph [ node [ id ] ]", "key id has no value");
    refuses("graph [ node [ class 1 ] ]", "the node has no id");
    refuses("graph [ node [ id 1 class 1 ]\nnode [ id 1 class 2 ] ]",
            "a.gml:2: node 1 occurs twice");
    refuses("graph [ node [ id 1 class 1 ]\nedge [ source 1 target 2 ] ]",
            "a.gml:2: the edge's target 2 is not a node");
    refuses("graph [ node [ id 1 class 1 ] edge [ source 1 ] ]", "the edge has no target");
    refuses("graph [ node [ id 1 class 1 ] node [ id 2 class 1 ]\n"
            "edge [ source 1 target 2 weight 1e30 ] ]",
            "weight of the edge from node 2 to 1 is 1e+30");
    for (int i = 0; i < 80; ++i) strcat(deep, "a [ ");
    refuses(deep, "more than 32 deep");
    end();
}

static ad_status read_poorly(ad_context *poor)
{
    static const char *const files[] = {"a.gml", "b.gml", "tables"};
    ad_status status = AD_OK;
    for (int i = 0; i < 3 && !status; ++i) {
        ad_graph_set *set;
        status = ad_graph_set_read(&set, poor, in_folder(files[i]),
                                   &(ad_graph_set_options){.watcher = {.note = note}});
        if (status == AD_ERROR_FORMAT && i == 1) status = AD_OK; /* it has no classes */
        if (!status && set) status = ad_graph_set_identity(set);
        ad_graph_set_free(set);
        notes[0] = 0;
    }
    return status;
}

static void memory_that_runs_out(void)
{
    begin();
    write_text("a.gml",
               "graph [ node [ id 1 label \"a\" club \"x\" age 3 ] node [ id 2 club \"y\" ]\n"
               "edge [ source 1 target 2 weight 2 kind 1 ] ]");
    write_text("b.gml", "graph [ node [ id 1 colour 1 ] ]");
    REQUIRE(!mkdir(in_folder("tables"), 0777));
    write_text("tables/nodes.csv", "id;label\n1;x\n2;y\n");
    write_text("tables/c.gml", "graph [ node [ id 1 ] node [ id 2 ] edge [ source 1 target 2 ] ]");
    sparing_check(read_poorly);
    end();
}

static const check_case cases[] = {
    CASE(of_networkx), CASE(of_newman), CASE(broken), CASE(memory_that_runs_out), {0}};

int main(int argc, char **argv)
{
    return check_main(argc, argv, cases);
}
