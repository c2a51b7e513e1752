/* Any CSV as a table: types, units, quotes, and what is refused. */
#include "report/csv_table.h"

#include "check.h"
#include "report/column_name.h"

#include <math.h>
#include <string.h>

/* A parsed text with what it lives in. */
struct parsed {
    struct arena arena;
    struct diags diags;
    struct table table;
    const struct csv_odd *odd;
    bool is_good;
};

static void parse(struct parsed *parsed, const char *text)
{
    arena_init(&parsed->arena);
    diags_init(&parsed->diags, &parsed->arena);
    parsed->is_good = csv_table_parse("test.csv", text, strlen(text), &parsed->arena,
                                      &parsed->diags, &parsed->table, &parsed->odd);
}

static void columns_are_typed_by_their_cells(void)
{
    struct parsed parsed;
    parse(&parsed, "name,batch,rate,empty,wait_ms\na,1,2,,5\nb,-2,2.5,,7\n");
    check_true("good", parsed.is_good);
    const struct column *columns = parsed.table.columns;
    check_count("count", columns[0].kind, CELL_TEXT);
    check_count("count", columns[1].kind, CELL_COUNT);
    check_count("count", columns[2].kind, CELL_NUMBER);
    check_count("count", columns[3].kind, CELL_TEXT);
    check_count("count", columns[4].kind, CELL_NUMBER);
    check_close("ms become s", table_number(&parsed.table, 1, 4), 7e-3, 1e-12);
    check_text("text", columns[4].unit, "s");
    check_text("text", columns[4].title, "Wait");
    check_count("count", table_cell(&parsed.table, 1, 1).count, -2);
    check_true("missing", !table_cell(&parsed.table, 0, 3).text);
    arena_release(&parsed.arena);
}

static void odd_cells_can_be_dropped(void)
{
    struct parsed parsed;
    parse(&parsed, "batch,wait_ms\n1,3\n2,n/a\nmany,x\n40,7\n");
    check_true("good", parsed.is_good);
    check_count("numbers of batch", parsed.odd[0].numbers, 3);
    check_count("others of wait", parsed.odd[1].count, 1);
    csv_table_make_numbers(&parsed.table, 0);
    csv_table_make_numbers(&parsed.table, 1);
    check_count("whole", parsed.table.columns[0].kind, CELL_COUNT);
    check_count("last", table_cell(&parsed.table, 3, 0).count, 40);
    check_true("dropped", table_cell(&parsed.table, 2, 0).count == COUNT_MISSING);
    check_close("ms become s", table_number(&parsed.table, 3, 1), 7e-3, 1e-12);
    check_true("missing", isnan(table_number(&parsed.table, 1, 1)));
    arena_release(&parsed.arena);
}

static void quotes_hold_anything(void)
{
    struct parsed parsed;
    parse(&parsed, "a,b\n\"x, \"\"y\"\"\nz\",\"3\"\n");
    check_true("good", parsed.is_good);
    check_count("count", parsed.table.row_count, 1);
    check_text("text", table_cell(&parsed.table, 0, 0).text, "x, \"y\" z");
    check_count("count", table_cell(&parsed.table, 0, 1).count, 3);
    arena_release(&parsed.arena);
}

static void what_we_write_reads_back(void)
{
    struct parsed first;
    struct parsed second;
    struct text text;
    text_init(&text);
    parse(&first, "n,t,x\n1,\"a,\"\"b\",0.1\n2,,1e-300\n3,c,\n");
    table_csv(&first.table, &text);
    parse(&second, text_string(&text));
    struct text again;
    text_init(&again);
    table_csv(&second.table, &again);
    check_text("text", text_string(&text), text_string(&again));
    text_release(&text);
    text_release(&again);
    arena_release(&first.arena);
    arena_release(&second.arena);
}

static void mistakes_name_their_line(void)
{
    static const struct {
        const char *text;
        const char *message;
    } rows[] = {
        {"",                     "no header line"            },
        {"# only a comment\n",   "no header line"            },
        {"a,b\n1,2\n# x\n3\n",   "test.csv:4:1"              },
        {"a,b\n1,\"2\n3,4\n",    "test.csv:2:3"              },
        {"a,a\n1,2\n",           "two columns are called 'a'"},
        {"a,b\n1,\"2\"3\n",      "text after a closing quote"},
        {"a,b\n\"1\n2\",3\n4\n", "test.csv:4:1"              },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct parsed parsed;
        struct text messages;
        parse(&parsed, rows[i].text);
        text_init(&messages);
        diags_print(&parsed.diags, &messages);
        check_true(rows[i].text, !parsed.is_good);
        check_contains(rows[i].text, text_string(&messages), rows[i].message);
        text_release(&messages);
        arena_release(&parsed.arena);
    }
}

static void names_tell_units(void)
{
    static const struct {
        const char *name;
        const char *title;
        const char *unit;
        double scale;
    } rows[] = {
        {"ttft_s",           "TTFT",               "s",      1.0 },
        {"output_tok_per_s", "Throughput, output", "tok/s",  1.0 },
        {"kv_bytes",         "KV",                 "B",      1.0 },
        {"memory_gb",        "Memory",             "B",      1e9 },
        {"prefill.flops",    "Prefill",            "FLOP",   1.0 },
        {"flop_per_s",       "Flop per s",         "FLOP/s", 1.0 },
        {"batch",            "Batch",              "",       1.0 },
        {"s",                "S",                  "",       1.0 },
        {"decode.oi",        "Decode OI",          "FLOP/B", 1.0 },
        {"wait_us",          "Wait",               "s",      1e-6},
    };
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct column_name read = column_name_read(rows[i].name, &arena);
        check_text("text", read.title, rows[i].title);
        check_text("text", read.unit, rows[i].unit);
        check_close(rows[i].name, read.scale, rows[i].scale, 1e-12);
    }
    check_true("a ratio", column_name_read("prefill.mfu", &arena).is_ratio);
    arena_release(&arena);
}

static void words_for_nothing_leave_numbers(void)
{
    struct parsed parsed;
    parse(&parsed, "a,b,name\n1,2.5,inf\nn/a,OOM,OOM\nINF,\"\",x\nOOM,oom,-\n");
    check_true("good", parsed.is_good);
    check_count("a", parsed.table.columns[0].kind, CELL_COUNT);
    check_count("b", parsed.table.columns[1].kind, CELL_NUMBER);
    check_count("name", parsed.table.columns[2].kind, CELL_TEXT);
    check_text("words stay words", table_cell(&parsed.table, 1, 2).text, "OOM");
    check_true("n/a", table_cell(&parsed.table, 1, 0).count == COUNT_MISSING);
    check_true("quoted nothing", isnan(table_number(&parsed.table, 2, 1)));
    int oom = table_find_column(&parsed.table, CSV_OOM_COLUMN);
    check_count("column for OOM", oom, 3);
    check_true("row 0", table_cell(&parsed.table, 0, oom).text == NULL);
    check_text("row 1", table_cell(&parsed.table, 1, oom).text, "b");
    check_text("row 3", table_cell(&parsed.table, 3, oom).text, "a\nb");
    check_true("no odd cell", parsed.odd[0].cell == NULL && parsed.odd[1].cell == NULL);
    arena_release(&parsed.arena);
}

static void odd_cells_are_named(void)
{
    struct parsed parsed;
    parse(&parsed, "a,wait\n1,2\n2,1 ms\n3,many\n");
    check_true("good", parsed.is_good);
    check_count("text", parsed.table.columns[1].kind, CELL_TEXT);
    check_text("cell", parsed.odd[1].cell, "1 ms");
    check_count("line", parsed.odd[1].place.line, 3);
    check_count("column", parsed.odd[1].place.column, 3);
    check_count("width", parsed.odd[1].place.width, 4);
    check_count("count", parsed.odd[1].count, 2);
    check_count("no OOM", table_find_column(&parsed.table, CSV_OOM_COLUMN), -1);
    arena_release(&parsed.arena);
}

int main(void)
{
    static const struct test_case cases[] = {
        {"columns are typed by their cells", columns_are_typed_by_their_cells},
        {"odd cells can be dropped",         odd_cells_can_be_dropped        },
        {"quotes hold anything",             quotes_hold_anything            },
        {"what we write reads back",         what_we_write_reads_back        },
        {"mistakes name their line",         mistakes_name_their_line        },
        {"names tell units",                 names_tell_units                },
        {"words for nothing leave numbers",  words_for_nothing_leave_numbers },
        {"odd cells are named",              odd_cells_are_named             },
        {NULL,                               NULL                            },
    };
    return check_main("csv table", cases);
}
