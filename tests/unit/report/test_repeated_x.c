/* Rows that charts draw at one place, and the column that tells them apart. */
#include "report/repeated_x.h"

#include "check.h"
#include "report/csv_table.h"

#include <string.h>

static bool find(struct arena *arena, const char *csv, const char *series, struct repeated_x *out)
{
    static const char *y[] = {"rate"};
    struct chart_spec spec = {
        .kind = CHART_TYPE_LINES, .x = "batch", .y = y, .y_count = 1, .series = series};
    struct diags diags;
    struct table table;
    diags_init(&diags, arena);
    return csv_table_parse("t.csv", csv, strlen(csv), arena, &diags, &table, NULL) &&
           repeated_x_find(&table, &spec, arena, out);
}

static void columns_that_differ_are_found(void)
{
    static const struct {
        const char *csv, *series, *column;
        int rows;
    } rows[] = {
        {"model,batch,rate\na,1,5\na,2,6\n",                           NULL,    NULL,    0},
        {"model,batch,rate\na,1,5\nb,1,6\n",                           NULL,    "model", 1},
        {"model,batch,rate\na,1,5\nb,1,6\n",                           "model", NULL,    0},
        {"model,gpu,batch,rate\na,x,1,5\na,y,1,6\nb,x,1,7\nb,y,1,8\n", "model", "gpu",   2},
        {"model,gpu,batch,rate\na,x,1,5\na,y,1,6\nb,x,1,7\nb,y,1,8\n", NULL,    NULL,    3},
        {"model,batch,rate\na,1,5\na,1,5\n",                           NULL,    NULL,    1},
        {"run,model,batch,rate\n1,a,1,5\n2,b,1,6\n3,a,2,5\n4,b,2,6\n", NULL,    "model", 2},
        {"model,batch,rate\na,1,5\nb,1,\n",                            NULL,    NULL,    0},
        {"model,fits,batch,rate\na,true,1,5\nb,false,1,7\n",           NULL,    NULL,    0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena arena;
        struct repeated_x found = {0};
        arena_init(&arena);
        check_true(rows[i].csv,
                   find(&arena, rows[i].csv, rows[i].series, &found) == (rows[i].rows > 0));
        check_count(rows[i].csv, found.row_count, rows[i].rows);
        check_text(rows[i].csv, found.column ? found.column : "",
                   rows[i].column ? rows[i].column : "");
        arena_release(&arena);
    }
}

static void bars_and_cells_repeat_as_well(void)
{
    static const struct {
        enum chart_type kind;
        enum chart_data data;
        const char *csv, *facet, *column;
        int rows;
    } rows[] = {
        {CHART_TYPE_BARS,  CHART_DATA_AUTO,      "model,x,y,v\na,1,p,5\nb,1,q,6\n",   NULL,    "model", 1},
        {CHART_TYPE_BARS,  CHART_DATA_AUTO,      "model,x,y,v\na,1,p,5\nb,1,q,6\n",   "model", NULL,    0},
        {CHART_TYPE_BARS,  CHART_DATA_AUTO,      "model,x,y,v\na,1,p,5\nb,1,q,OOM\n", NULL,    "model", 1},
        {CHART_TYPE_LINES, CHART_DATA_AUTO,      "model,x,y,v\na,1,p,5\nb,1,q,OOM\n", NULL,    NULL,    0},
        {CHART_TYPE_HEAT,  CHART_DATA_AUTO,      "model,x,y,v\na,1,p,5\nb,1,q,6\n",   NULL,    NULL,    0},
        {CHART_TYPE_HEAT,  CHART_DATA_AUTO,      "model,x,y,v\na,1,p,5\nb,1,p,6\n",   NULL,    "model", 1},
        {CHART_TYPE_HEAT,  CHART_DATA_AUTO,      "model,x,y,v\na,1,p,5\nb,1,p,6\n",   "model", NULL,    0},
        {CHART_TYPE_ECDF,  CHART_DATA_AUTO,      "model,x,y,v\na,1,p,5\nb,1,p,6\n",   NULL,    NULL,    0},
        {CHART_TYPE_BARS,  CHART_DATA_OPERATORS,
         "model,phase,operator,x,y,v\na,decode,qkv,1,p,5\na,decode,up,1,p,6\n",       NULL,    NULL,    0},
        {CHART_TYPE_BARS,  CHART_DATA_OPERATORS,
         "model,phase,operator,x,y,v\na,decode,qkv,1,p,5\na,prefill,up,1,p,6\n",      NULL,    "phase", 1},
        {CHART_TYPE_BARS,  CHART_DATA_OPERATORS,
         "model,phase,operator,x,y,v\na,decode,qkv,1,p,5\na,decode,qkv,1,p,6\n",      NULL,    NULL,    1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *y[] = {rows[i].kind == CHART_TYPE_HEAT ? "y" : "v"};
        struct chart_spec spec = {.kind = rows[i].kind,
                                  .data = rows[i].data,
                                  .x = "x",
                                  .y = y,
                                  .y_count = 1,
                                  .value = rows[i].kind == CHART_TYPE_HEAT ? "v" : NULL,
                                  .facet = rows[i].facet};
        struct arena arena;
        struct diags diags;
        struct table table;
        struct repeated_x found = {0};
        arena_init(&arena);
        diags_init(&diags, &arena);
        check_true(rows[i].csv, csv_table_parse("t.csv", rows[i].csv, strlen(rows[i].csv), &arena,
                                                &diags, &table, NULL));
        check_true(rows[i].csv,
                   repeated_x_find(&table, &spec, &arena, &found) == (rows[i].rows > 0));
        check_count(rows[i].csv, found.row_count, rows[i].rows);
        check_text(rows[i].csv, found.column ? found.column : "",
                   rows[i].column ? rows[i].column : "");
        arena_release(&arena);
    }
}

static void lists_of_y_repeat_one_by_one(void)
{
    static const char csv[] = "x,a,b,s\n1,2,,u\n1,,3,u\n2,2,3,u\n2,4,,u\n";
    static const char *y[] = {"a", "b"};
    struct chart_spec spec = {
        .kind = CHART_TYPE_BARS, .x = "x", .y = y, .y_count = 2, .series = "s"};
    struct arena arena;
    struct diags diags;
    struct table table;
    struct repeated_x found = {0};
    arena_init(&arena);
    diags_init(&diags, &arena);
    check_true("parse", csv_table_parse("t.csv", csv, strlen(csv), &arena, &diags, &table, NULL));
    check_true("found", repeated_x_find(&table, &spec, &arena, &found));
    check_count("rows", found.row_count, 1);
    check_text("x", found.x, "2");
    check_text("series", found.series, "u");
    arena_release(&arena);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"columns that differ are found", columns_that_differ_are_found},
        {"bars and cells repeat as well", bars_and_cells_repeat_as_well},
        {"lists of y repeat one by one",  lists_of_y_repeat_one_by_one },
        {NULL,                            NULL                         },
    };
    return check_main("repeated x", cases);
}
