/* SPDX-License-Identifier: Apache-2.0 */
/* What a pull shows: plain lines in a pipe, lines that are drawn anew on a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "cli/progress.h"

static char A[] = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static char B[] = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
static char C[] = "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";

struct screen {
	FILE *out;
	char *text;
	size_t len;
	struct progress progress;
};

static void screen_init_with(struct screen *screen, const struct progress_words *words, int rows, int columns)
{
	screen->out = open_memstream(&screen->text, &screen->len);
	assert_non_null(screen->out);
	progress_init_live(&screen->progress, words, screen->out, rows, columns);
}

static void screen_init(struct screen *screen, int rows, int columns)
{
	screen_init_with(screen, &progress_pull, rows, columns);
}

static void expect(struct screen *screen, const char *text)
{
	progress_done(&screen->progress);
	assert_int_equal(fclose(screen->out), 0);
	assert_string_equal(screen->text, text);
	free(screen->text);
}

static void manifest(struct screen *screen, char *const *digests, const uint64_t *sizes)
{
	const struct transfer_progress *callbacks = &screen->progress.callbacks;
	callbacks->manifest(callbacks->context, A, digests, sizes);
}

static void layer(struct screen *screen, const char *digest, enum layer_state state, uint64_t current, uint64_t total)
{
	const struct transfer_progress *callbacks = &screen->progress.callbacks;
	callbacks->layer(callbacks->context, digest, state, current, total);
}

static void test_pipe(void **state)
{
	struct screen screen;
	screen_init(&screen, 0, 0);
	manifest(&screen, (char *[]){ A, B, C, A, NULL }, (const uint64_t[]){ 10, 20, 30, 10 });
	layer(&screen, B, LAYER_EXISTS, 0, 0);
	layer(&screen, A, LAYER_DOWNLOADING, 0, 10);
	layer(&screen, C, LAYER_WAITING, 0, 30);
	layer(&screen, A, LAYER_DOWNLOADING, 5, 10);
	layer(&screen, A, LAYER_DOWNLOADING, 10, 10);
	layer(&screen, A, LAYER_VERIFYING, 10, 10);
	layer(&screen, A, LAYER_EXTRACTING, 0, 10);
	layer(&screen, C, LAYER_DOWNLOADING, 30, 30);
	layer(&screen, A, LAYER_EXTRACTING, 10, 10);
	layer(&screen, A, LAYER_DONE, 10, 10);
	layer(&screen, C, LAYER_DONE, 30, 30); /* the steps between were too quick to be seen */
	expect(&screen, "bbbbbbbbbbbb: Already exists\n"
			"aaaaaaaaaaaa: Pulling fs layer\n"
			"cccccccccccc: Pulling fs layer\n"
			"aaaaaaaaaaaa: Download complete\n"
			"aaaaaaaaaaaa: Pull complete\n"
			"cccccccccccc: Download complete\n"
			"cccccccccccc: Pull complete\n");
}

static void test_pipe_without_manifest(void **state)
{
	struct screen screen;
	screen_init(&screen, 0, 0);
	layer(&screen, A, LAYER_DOWNLOADING, 0, 10);
	layer(&screen, A, LAYER_EXISTS, 0, 0); /* somebody else was quicker */
	layer(&screen, "short", LAYER_DOWNLOADING, 0, 0);
	expect(&screen, "aaaaaaaaaaaa: Pulling fs layer\nshort: Pulling fs layer\n");
}

static void mounted(struct screen *screen, const char *digest, const char *from)
{
	const struct transfer_progress *callbacks = &screen->progress.callbacks;
	callbacks->mounted(callbacks->context, digest, from);
	layer(screen, digest, LAYER_MOUNTED, 0, 0);
}

static void test_head_comes_with_the_manifest(void **state)
{
	struct screen screen;
	screen_init(&screen, 0, 0);
	screen.progress.head = mem_strdup("1: Pulling from x");
	manifest(&screen, (char *[]){ A, NULL }, (const uint64_t[]){ 10 });
	layer(&screen, A, LAYER_EXISTS, 0, 0);
	progress_say_head(&screen.progress);
	expect(&screen, "1: Pulling from x\naaaaaaaaaaaa: Already exists\n");
}

static void test_head_of_what_failed_is_not_said(void **state)
{
	struct screen screen;
	screen_init(&screen, 0, 0);
	screen.progress.head = mem_strdup("1: Pulling from x");
	expect(&screen, "");
}

static void test_push_in_a_pipe(void **state)
{
	struct screen screen;
	screen_init_with(&screen, &progress_push, 0, 0);
	layer(&screen, A, LAYER_WAITING, 0, 10);
	layer(&screen, B, LAYER_WAITING, 0, 10);
	layer(&screen, C, LAYER_WAITING, 0, 10);
	layer(&screen, A, LAYER_UPLOADING, 5, 10);
	layer(&screen, B, LAYER_EXISTS, 10, 10);
	mounted(&screen, C, "library/box");
	layer(&screen, A, LAYER_DONE, 10, 10);
	expect(&screen, "aaaaaaaaaaaa: Preparing\n"
			"bbbbbbbbbbbb: Preparing\n"
			"cccccccccccc: Preparing\n"
			"bbbbbbbbbbbb: Layer already exists\n"
			"cccccccccccc: Mounted from library/box\n"
			"aaaaaaaaaaaa: Pushed\n");
}

static void test_push_on_a_terminal(void **state)
{
	struct screen screen;
	screen_init_with(&screen, &progress_push, 24, 80);
	layer(&screen, A, LAYER_WAITING, 0, 10);
	mounted(&screen, A, "library/box");
	expect(&screen, "\r\033[Kaaaaaaaaaaaa: Preparing \n"
			"\033[1A\r\033[Kaaaaaaaaaaaa: Mounted from library/box\n"
			"\033[1A\r\033[Kaaaaaaaaaaaa: Mounted from library/box\n");
}

static void test_terminal_is_drawn_anew(void **state)
{
	struct screen screen;
	screen_init(&screen, 24, 80);
	manifest(&screen, (char *[]){ A, B, NULL }, (const uint64_t[]){ 10, 20 });
	layer(&screen, A, LAYER_EXISTS, 0, 0);
	layer(&screen, B, LAYER_DONE, 20, 20);
	expect(&screen, "\r\033[Kaaaaaaaaaaaa: Pulling fs layer \n\r\033[Kbbbbbbbbbbbb: Pulling fs layer \n"
			"\033[2A\r\033[Kaaaaaaaaaaaa: Already exists \n\r\033[Kbbbbbbbbbbbb: Pulling fs layer \n"
			"\033[2A\r\033[Kaaaaaaaaaaaa: Already exists \n\r\033[Kbbbbbbbbbbbb: Pull complete \n"
			"\033[2A\r\033[Kaaaaaaaaaaaa: Already exists \n\r\033[Kbbbbbbbbbbbb: Pull complete \n");
}

/* Lines that have left the screen cannot be reached any more. */
static void test_small_terminal_gets_plain_lines(void **state)
{
	struct screen screen;
	screen_init(&screen, 2, 80);
	manifest(&screen, (char *[]){ A, B, NULL }, (const uint64_t[]){ 10, 20 });
	layer(&screen, A, LAYER_DONE, 10, 10);
	expect(&screen,
	       "aaaaaaaaaaaa: Pulling fs layer\naaaaaaaaaaaa: Download complete\naaaaaaaaaaaa: Pull complete\n");
}

static void test_lines(void **state)
{
	static const struct {
		enum layer_state state;
		uint64_t current, total;
		int columns;
		const char *line;
	} rows[] = {
		{ LAYER_WAITING, 0, 0, 80, "aaaaaaaaaaaa: Pulling fs layer " },
		{ LAYER_DOWNLOADING, 0, 2000000, 60, "aaaaaaaaaaaa: Downloading [>                        ] 0B/2MB" },
		{ LAYER_DOWNLOADING, 1000000, 2000000, 60,
		  "aaaaaaaaaaaa: Downloading [============>           ] 1MB/2MB" },
		{ LAYER_DOWNLOADING, 2000000, 2000000, 200,
		  "aaaaaaaaaaaa: Downloading [==================================================] 2MB/2MB" },
		{ LAYER_DOWNLOADING, 3000000, 2000000, 60,
		  "aaaaaaaaaaaa: Downloading [========================] 3MB/2MB" },
		{ LAYER_DOWNLOADING, 1000, 2000000, 40, "aaaaaaaaaaaa: Downloading 1kB/2MB" },
		{ LAYER_DOWNLOADING, 1500, 0, 80, "aaaaaaaaaaaa: Downloading 1.5kB" },
		{ LAYER_DOWNLOADING, 1500, 2000, 20, "aaaaaaaaaaaa: Downlo" },
		{ LAYER_VERIFYING, 0, 0, 80, "aaaaaaaaaaaa: Verifying Checksum " },
		{ LAYER_EXTRACTING, 1, 2, 40, "aaaaaaaaaaaa: Extracting 1B/2B" },
		{ LAYER_DONE, 0, 0, 80, "aaaaaaaaaaaa: Pull complete " },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct progress_layer shown = { .words = &progress_pull,
						      .name = "aaaaaaaaaaaa",
						      .state = rows[i].state,
						      .current = rows[i].current,
						      .total = rows[i].total };
		_cleanup_str_ struct str line = { 0 };
		progress_format(&shown, rows[i].columns, &line);
		assert_true(line.len <= (size_t)rows[i].columns);
		assert_string_equal(str_text(&line), rows[i].line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_head_comes_with_the_manifest),
		cmocka_unit_test(test_head_of_what_failed_is_not_said),
		cmocka_unit_test(test_push_in_a_pipe),
		cmocka_unit_test(test_push_on_a_terminal),
		cmocka_unit_test(test_pipe_without_manifest),
		cmocka_unit_test(test_terminal_is_drawn_anew),
		cmocka_unit_test(test_small_terminal_gets_plain_lines),
		cmocka_unit_test(test_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
