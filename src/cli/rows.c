/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/rows.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/print.h"

static const char TABLE[] = "table", JSON[] = "json";

/* Every field is in every row. */
static const struct template_member NO_MEMBERS[] = { { 0 } };

/* --- Labels --- */

static char *label_value(const void *context, const char *key)
{
	size_t len = strlen(key);
	for (char *const *label = context; label && *label; label++)
		if (strncmp(*label, key, len) == 0 && (*label)[len] == '=')
			return mem_strdup(*label + len + 1);
	return mem_strdup("");
}

/* "com.example.app-name" is headed "app name". */
static char *label_header(const void *context, const char *key)
{
	const char *dot = strrchr(key, '.');
	char *header = mem_strdup(dot ? dot + 1 : key);
	for (char *at = header; *at; at++)
		*at = *at == '-' || *at == '_' ? ' ' : *at;
	return header;
}

static const struct template_method LABEL_VALUE[] = { { "Label", label_value }, { 0 } };
static const struct template_method LABEL_HEADER[] = { { "Label", label_header }, { 0 } };

/* --- The format --- */

/* Spaces around it do not count, and the two characters "\t" are a tab, "\n" a newline. */
static char *clean_template(const char *text)
{
	struct str clean = { 0 };
	text += strspn(text, " ");
	size_t len = strlen(text);
	while (len > 0 && text[len - 1] == ' ')
		len--;
	for (size_t i = 0; i < len; i++) {
		bool escape = text[i] == '\\' && i + 1 < len && (text[i + 1] == 't' || text[i + 1] == 'n');
		if (escape)
			i++;
		str_append_char(&clean, !escape ? text[i] : text[i] == 't' ? '\t' : '\n');
	}
	return str_take(&clean);
}

static int begin_template(struct rows *rows, const char *format, struct error *err)
{
	const char *behind = str_after(format, TABLE);
	rows->mode = ROWS_TEMPLATE;
	rows->has_header = behind != NULL;
	rows->text = clean_template(behind ? behind : format);
	return template_parse(rows->text, &rows->template, err);
}

static const char *header_of(const struct rows_kind *kind, const char *name)
{
	const struct rows_field *field = kind->fields;
	while (field->name && !streq(field->name, name))
		field++;
	return field->name ? field->header : name;
}

static void begin_table(struct rows *rows)
{
	rows->mode = ROWS_TABLE;
	for (const char *const *name = rows->columns; *name; name++) {
		table_add(&rows->table, header_of(rows->kind, *name));
		rows->table.columns++;
	}
}

static int add_header(struct rows *rows, struct error *err)
{
	_cleanup_json_ struct json_object *headers = json_object_new_object();
	for (const struct rows_field *field = rows->kind->fields; field->name; field++)
		json_add_string(headers, field->name, field->header);
	const struct template_data data = {
		.root = headers,
		.what = rows->kind->what,
		.methods = rows->kind->has_labels ? LABEL_HEADER : NULL,
		.is_header = true,
	};
	int r = template_execute(rows->template, &data, &rows->printed, err);
	str_append_char(&rows->printed, '\n');
	return r;
}

int rows_begin(struct rows *rows, const struct rows_kind *kind, const char *format, const char *const *columns,
	       struct error *err)
{
	rows->kind = kind;
	rows->columns = columns;
	if (str_is_empty(format) || streq(format, TABLE)) {
		begin_table(rows);
		return 0;
	}
	if (streq(format, JSON)) {
		rows->mode = ROWS_JSON;
		return 0;
	}
	int r = begin_template(rows, format, err);
	return r >= 0 && rows->has_header ? add_header(rows, err) : r;
}

static bool is_column(const struct rows *rows, const char *field)
{
	return strv_contains((char *const *)rows->columns, field);
}

bool rows_show(const struct rows *rows, const char *field)
{
	if (rows->mode != ROWS_TEMPLATE)
		return is_column(rows, field);
	_cleanup_free_ char *dotted = mem_printf(".%s", field);
	return strstr(rows->text, dotted);
}

/* --- Rows --- */

static void add_cells(struct rows *rows, struct json_object *fields)
{
	for (const char *const *name = rows->columns; *name; name++) {
		const char *text = json_object_get_string(json_object_object_get(fields, *name));
		table_add(&rows->table, text ? text : "");
	}
}

static int hint_fields(const struct rows_kind *kind, struct error *err)
{
	_cleanup_str_ struct str names = { 0 };
	for (const struct rows_field *field = kind->fields; field->name; field++)
		str_appendf(&names, "%s.%s", names.len > 0 ? " " : "", field->name);
	return err_hint(err, "the fields are %s%s", str_text(&names), kind->has_labels ? " and .Label \"KEY\"" : "");
}

static int add_by_template(struct rows *rows, struct json_object *fields, char *const *labels, struct error *err)
{
	const struct template_data data = {
		.root = fields,
		.what = rows->kind->what,
		.members = NO_MEMBERS,
		.methods = rows->kind->has_labels ? LABEL_VALUE : NULL,
		.context = labels,
	};
	int r = template_execute(rows->template, &data, &rows->printed, err);
	if (r < 0)
		return hint_fields(rows->kind, err);
	str_append_char(&rows->printed, '\n');
	return 0;
}

/* One object a line, its members sorted, as Docker's. */
static void add_json(struct rows *rows, struct json_object *fields)
{
	const struct template_data data = { .root = fields };
	template_json(&data, fields, &rows->printed);
	str_append_char(&rows->printed, '\n');
}

int rows_add(struct rows *rows, struct json_object *fields, char *const *labels, struct error *err)
{
	_cleanup_json_ struct json_object *own = fields;
	if (rows->mode == ROWS_TEMPLATE)
		return add_by_template(rows, own, labels, err);
	if (rows->mode == ROWS_JSON)
		add_json(rows, own);
	else
		add_cells(rows, own);
	return 0;
}

void rows_put_text(struct json_object *fields, const char *key, struct str *text)
{
	json_add_string(fields, key, str_text(text));
	str_done(text);
}

void rows_print(const struct rows *rows)
{
	_cleanup_free_ char *aligned = rows->has_header ? table_align(str_text(&rows->printed)) : NULL;
	if (rows->mode == ROWS_TABLE)
		table_print(&rows->table, stdout);
	else
		print_text(aligned ? aligned : str_text(&rows->printed));
}

void rows_done(struct rows *rows)
{
	table_done(&rows->table);
	template_free(rows->template);
	free(rows->text);
	str_done(&rows->printed);
}
