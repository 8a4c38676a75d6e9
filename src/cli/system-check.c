/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/rows.h"

struct check_options {
	bool repair, force;
	char *format;
};

static const struct rows_kind FINDING_ROWS = {
	.what = "finding",
	.fields =
		(const struct rows_field[]){
			{ "Invariant", "INVARIANT" },
			{ "State", "STATE" },
			{ "Object", "OBJECT" },
			{ "Problem", "PROBLEM" },
			{ 0 },
		},
};

static const char *state_of(const struct check_finding *finding)
{
	if (finding->repaired)
		return "repaired";
	return finding->harmless ? "leftover" : "broken";
}

static int add(struct rows *rows, const struct check_finding *finding, struct error *err)
{
	struct json_object *fields = json_object_new_object();
	json_add_string(fields, "Invariant", finding->invariant);
	json_add_string(fields, "State", state_of(finding));
	json_add_string(fields, "Object", finding->object);
	json_add_string(fields, "Problem", finding->why);
	return rows_add(rows, fields, NULL, err);
}

/* Returns the exit status. */
static int show(const struct check_finding *findings, size_t count, struct rows *rows, struct error *err)
{
	int status = 0, r = 0;
	for (size_t i = 0; r >= 0 && i < count; i++) {
		r = add(rows, &findings[i], err);
		status |= !findings[i].repaired && !findings[i].harmless;
	}
	if (r < 0)
		return r;
	if (count > 0 || rows->mode != ROWS_TABLE)
		rows_print(rows);
	return status;
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	static const char *const columns[] = { "Invariant", "State", "Object", "Problem", NULL };
	const struct check_options *options = data;
	_cleanup_rows_ struct rows rows = { 0 };
	struct check_finding *findings = NULL;
	size_t count = 0;
	enum check_mode mode = options->force ? CHECK_FORCE : options->repair ? CHECK_REPAIR : CHECK_LOOK;
	if (options->force && !options->repair)
		return err_set(err, ERR_USAGE, "--force goes with --repair");
	int r = rows_begin(&rows, &FINDING_ROWS, options->format, columns, err);
	if (r >= 0)
		r = engine_check(cli->engine, mode, &findings, &count, err);
	if (r >= 0)
		r = show(findings, count, &rows, err);
	check_findings_free(findings, count);
	return r;
}

static const struct option OPTIONS[] = {
	OPT_FORMAT(struct check_options, format, 0),
	OPT_BOOL(
		struct check_options, force, 0, "force",
		"With --repair: remove what the database does not know, even if it is not the one that the store was filled with"),
	OPT_BOOL(struct check_options, repair, 0, "repair", "Mend what can be mended, and remove what is left over"),
	OPT_END,
};

const struct command command_system_check = {
	.name = "system check",
	.flags = COMMAND_ENGINE,
	.usage = "[OPTIONS]",
	.summary = "Check the store and the database",
	.description =
		"Compares what is there with the invariants of the store and the database, and lists what does not "
		"hold. *broken* is what should not be; the exit status is 1 then. *leftover* is what something that "
		"was killed has left; any command that lists or removes takes most of it away. With *--repair*, what "
		"is mended is shown as *repaired*."
		"\n\n"
		"Where _coffer.db_ was lost and a new one was made, images and containers are there without anybody who knows "
		"them. That is *broken* (D4), and nothing is removed: put the database back from a backup, or give *--force*, "
		"too."
		"\n\n"
		"Names and sizes are looked at, not every byte: for that, see coffer-image-verify(1). A blob or layer "
		"that is missing comes back with the next pull of its image."
		"\n\n"
		"Fields of templates: .Invariant .State .Object .Problem.",
	.examples =
		(const struct example[]){
			{ "system check && echo sound", "Look" },
			{ "system check --repair", "Mend" },
			{ 0 },
		},
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct check_options),
	.run = run,
};
