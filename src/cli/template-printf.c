/* SPDX-License-Identifier: Apache-2.0 */
/* Go's printf. Source: pkg.go.dev/fmt. */
#include <ctype.h>

#include "base/util.h"
#include "cli/template-verb.h"

enum { WIDTH_MAX = 1 << 16 };

static void parse_flags(const char **at, const char *end, struct verb *verb)
{
	for (; *at < end; (*at)++) {
		switch (**at) {
		case '-':
			verb->minus = true;
			break;
		case '+':
			verb->plus = true;
			break;
		case '#':
			verb->sharp = true;
			break;
		case ' ':
			verb->space = true;
			break;
		case '0':
			verb->zero = true;
			break;
		default:
			return;
		}
	}
}

/* Digits, or "*" for the next argument. -1 if there is neither. */
static int parse_number(struct printer *printer, const char **at, const char *end)
{
	int number = 0;
	if (*at < end && **at == '*') {
		(*at)++;
		if (printer->next < printer->call->n_args && printer->call->args[printer->next].kind == VALUE_INT) {
			int64_t given = printer->call->args[printer->next++].integer;
			return (int)(given >= -WIDTH_MAX && given <= WIDTH_MAX ? given : 0);
		}
		str_append(printer->out, "%!(BADWIDTH)");
		return -1;
	}
	if (*at == end || !isdigit((unsigned char)**at))
		return -1;
	for (; *at < end && isdigit((unsigned char)**at); (*at)++)
		number = MIN(number * 10 + (**at - '0'), (int)WIDTH_MAX);
	return number;
}

static void parse_width(struct printer *printer, const char **at, const char *end, struct verb *verb)
{
	bool starred = *at < end && **at == '*';
	verb->width = parse_number(printer, at, end);
	if (starred && verb->width < 0) {
		verb->minus = true;
		verb->width = -verb->width;
	}
	if (*at < end && **at == '.') {
		(*at)++;
		verb->precision = MAX(parse_number(printer, at, end), 0);
	}
}

/* "[2]": that argument is the next one. */
static void parse_index(struct printer *printer, const char **at, const char *end)
{
	const char *digits = *at + 1;
	size_t index = 0;
	if (*at == end || **at != '[')
		return;
	for (; digits < end && isdigit((unsigned char)*digits); digits++)
		index = MIN(index * 10 + (size_t)(*digits - '0'), (size_t)WIDTH_MAX);
	if (digits == end || *digits != ']' || index == 0)
		return;
	printer->next = index;
	printer->reordered = true;
	*at = digits + 1;
}

/* Behind "%". Returns false at the end of the format. */
static bool parse_verb(struct printer *printer, const char **at, const char *end, struct verb *verb)
{
	*verb = (struct verb){ .width = -1, .precision = -1 };
	parse_flags(at, end, verb);
	parse_index(printer, at, end);
	parse_width(printer, at, end, verb);
	parse_index(printer, at, end);
	if (*at == end)
		return false;
	size_t len = str_utf8_decode(*at, (size_t)(end - *at), &verb->letter);
	if (len == 0) {
		verb->letter = (unsigned char)**at;
		len = 1;
	}
	memcpy(verb->text, *at, len);
	*at += len;
	verb->names = verb->letter == 'v' && verb->plus;
	verb->plus &= !verb->names;
	return true;
}

static void print_verb(struct printer *printer, const struct verb *verb)
{
	if (verb->letter == '%') {
		str_append_char(printer->out, '%');
		return;
	}
	if (printer->next >= printer->call->n_args) {
		str_appendf(printer->out, "%%!%s(MISSING)", verb->text);
		return;
	}
	const struct template_value *value = &printer->call->args[printer->next++];
	if (verb->letter == 'T')
		verb_print_type(printer, verb, value);
	else
		verb_print(printer, verb, value);
}

static void print_extra(struct printer *printer)
{
	if (printer->reordered || printer->next >= printer->call->n_args)
		return;
	str_append(printer->out, "%!(EXTRA ");
	for (size_t i = printer->next; i < printer->call->n_args; i++) {
		str_append(printer->out, i > printer->next ? ", " : "");
		verb_print_described(printer, &printer->call->args[i]);
	}
	str_append_char(printer->out, ')');
}

int function_printf(const struct template_call *call, struct template_value *ret, struct error *err)
{
	struct str text = { 0 };
	struct printer printer = { .call = call, .next = 1, .out = &text };
	const char *at = call->args[0].text, *end = at + call->args[0].len;
	while (at < end && text.len <= TEMPLATE_BYTES_MAX) {
		struct verb verb;
		const char *percent = memchr(at, '%', (size_t)(end - at));
		str_append_len(&text, at, (size_t)((percent ? percent : end) - at));
		at = percent ? percent + 1 : end;
		if (percent && parse_verb(&printer, &at, end, &verb))
			print_verb(&printer, &verb);
		else if (percent)
			str_append(&text, "%!(NOVERB)");
	}
	if (at < end) {
		str_done(&text);
		return err_set(err, ERR_INVALID, "it makes more than %d bytes", TEMPLATE_BYTES_MAX);
	}
	print_extra(&printer);
	*ret = value_of_text(call->pool, &text);
	return 0;
}
