/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines: what the grammar of flags takes, and what it says of the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/util.h"
#include "cli/detach-keys.h"
#include "cli/env-file.h"
#include "cli/mount-flag.h"
#include "cli/mount-options.h"
#include "engine/mount-request.h"
#include "cli/options.h"

enum colour { RED, GREEN };

struct values {
	bool interactive, tty, rm;
	char *name;
	char **env;
	uint64_t memory;
	enum colour colour;
	uint64_t count;
};

static int parse_count(const char *value, void *field, struct error *err)
{
	return parse_u64(value, 100, field, err);
}

static const char *const COLOURS[] = { "red", "green", NULL };

static const struct option FIRST[] = {
	OPT_BOOL(struct values, interactive, 'i', "interactive", "Keep standard input open"),
	OPT_BOOL(struct values, tty, 't', "tty", "A terminal"),
	OPT_BOOL(struct values, rm, 0, "rm", "Remove it"),
	OPT_STRING(struct values, name, 0, "name", "string", "A name"),
	OPT_STRING(struct values, name, 0, "called", "string", NULL),
	OPT_END,
};

static const struct option SECOND[] = {
	OPT_LIST(struct values, env, 'e', "env", "Variables"),
	OPT_SIZE(struct values, memory, 'm', "memory", "A limit"),
	OPT_CHOICE(struct values, colour, 0, "colour", COLOURS, "One of two"),
	OPT_PARSED(struct values, count, parse_count, 'c', "count", "int", "At most 100"),
	OPT_REFUSED('p', "publish", "there is no network"),
	OPT_END,
};

static const struct option *const TABLES[] = { FIRST, SECOND, NULL };

/* A line of at most 15 words, split at spaces. */
static int parse(const char *line, enum options_flags flags, struct values *values, char **ret_args, struct error *err)
{
	_cleanup_strv_ char **words = strv_split(line, ' ');
	_cleanup_free_ char **args = NULL;
	*values = (struct values){ .colour = RED };
	int r = options_parse(TABLES, flags, words, values, &args, err);
	*ret_args = strv_join(args, " ");
	return r;
}

/* What a line makes of the fields, in one text that can be compared. */
static char *describe(const struct values *values, const char *args)
{
	struct str text = { 0 };
	_cleanup_free_ char *env = strv_join(values->env, ",");
	str_appendf(&text, "%s%s%s", values->interactive ? "i" : "", values->tty ? "t" : "", values->rm ? "r" : "");
	str_appendf(&text, " name=%s env=%s m=%llu %s c=%llu [%s]", values->name ? values->name : "-", env,
		    (unsigned long long)values->memory, COLOURS[values->colour], (unsigned long long)values->count,
		    args);
	return str_take(&text);
}

static void test_accepted(void **state)
{
	static const struct {
		const char *line, *result;
		enum options_flags flags;
	} rows[] = {
		{ "", " name=- env= m=0 red c=0 []", 0 },
		{ "--memory 256m", " name=- env= m=268435456 red c=0 []", 0 },
		{ "--memory=256m", " name=- env= m=268435456 red c=0 []", 0 },
		{ "-m256m", " name=- env= m=268435456 red c=0 []", 0 },
		{ "-m 256m", " name=- env= m=268435456 red c=0 []", 0 },
		{ "-m=256m", " name=- env= m=268435456 red c=0 []", 0 },
		{ "-it", "it name=- env= m=0 red c=0 []", 0 },
		{ "-itm1k x", "it name=- env= m=1024 red c=0 [x]", 0 },
		{ "-itm 1k x", "it name=- env= m=1024 red c=0 [x]", 0 },
		{ "-i=false -t=true", "t name=- env= m=0 red c=0 []", 0 },
		{ "--rm --rm=false", " name=- env= m=0 red c=0 []", 0 },
		{ "--rm false", "r name=- env= m=0 red c=0 [false]", 0 },
		{ "--rm=1 --tty=T", "tr name=- env= m=0 red c=0 []", 0 },
		{ "-e A=1 -eB --env=C=2 --env D", " name=- env=A=1,B,C=2,D m=0 red c=0 []", 0 },
		{ "--name a --name=b", " name=b env= m=0 red c=0 []", 0 },
		{ "--name= x", " name= env= m=0 red c=0 [x]", 0 },
		{ "--called a", " name=a env= m=0 red c=0 []", 0 },
		{ "--name -- x", " name=-- env= m=0 red c=0 [x]", 0 },
		{ "--name -i x", " name=-i env= m=0 red c=0 [x]", 0 },
		{ "--colour green -c 7", " name=- env= m=0 green c=7 []", 0 },
		{ "a -i b --rm c", "ir name=- env= m=0 red c=0 [a b c]", 0 },
		{ "-i a -t b", "i name=- env= m=0 red c=0 [a -t b]", OPTIONS_STOP_AT_ARGUMENT },
		{ "-i a --nosuch", "i name=- env= m=0 red c=0 [a --nosuch]", OPTIONS_STOP_AT_ARGUMENT },
		{ "a -- -x", " name=- env= m=0 red c=0 [a -- -x]", OPTIONS_STOP_AT_ARGUMENT },
		{ "-i -- -t --rm", "i name=- env= m=0 red c=0 [-t --rm]", 0 },
		{ "-i -- a -- b", "i name=- env= m=0 red c=0 [a -- b]", 0 },
		{ "- -i", "i name=- env= m=0 red c=0 [-]", 0 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct values values;
		struct error err = { 0 };
		_cleanup_free_ char *args = NULL;
		int r = parse(rows[i].line, rows[i].flags, &values, &args, &err);
		_cleanup_free_ char *result = describe(&values, args);
		options_done(TABLES, &values);
		if (r != 0)
			fail_msg("\"%s\": %s", rows[i].line, err.message);
		if (!streq(result, rows[i].result))
			fail_msg("\"%s\": %s", rows[i].line, result);
		assert_null(values.name);
		assert_null(values.env);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *line, *message, *hint;
	} rows[] = {
		{ "--nosuchflag", "unknown flag: --nosuchflag", "" },
		{ "--nosuch=1", "unknown flag: --nosuch", "" },
		{ "--memroy 1", "unknown flag: --memroy", "did you mean --memory" },
		{ "--calle x", "unknown flag: --calle", "" }, /* what is not shown is not proposed */
		{ "--publis 1", "unknown flag: --publis", "" },
		{ "--=x", "unknown flag: --", "" },
		{ "---i", "unknown flag: ---i", "" },
		{ "-itZ", "unknown shorthand flag: 'Z' in -itZ", "" },
		{ "-name x", "unknown shorthand flag: 'n' in -name", "did you mean --name" },
		{ "-rm", "unknown shorthand flag: 'r' in -rm", "did you mean --rm" },
		{ "-m", "flag needs an argument: 'm' in -m", "" },
		{ "-im", "flag needs an argument: 'm' in -im", "" },
		{ "--memory", "flag needs an argument: --memory", "" },
		{ "-m 1x", "invalid argument \"1x\" for \"-m, --memory\" flag: invalid size: \"1x\"", "" },
		{ "--memory=", "invalid argument \"\" for \"-m, --memory\" flag: invalid size: \"\"", "" },
		{ "--rm=", "invalid argument \"\" for \"--rm\" flag: \"\" is neither true nor false", "" },
		{ "-i=maybe",
		  "invalid argument \"maybe\" for \"-i, --interactive\" flag: \"maybe\" is neither true nor false",
		  "" },
		{ "--colour blue", "invalid argument \"blue\" for \"--colour\" flag: it is one of red, green", "" },
		{ "-c 101", "invalid argument \"101\" for \"-c, --count\" flag: \"101\" is too large, the most is 100",
		  "" },
		{ "-c -1", "invalid argument \"-1\" for \"-c, --count\" flag: \"-1\" is not a number", "" },
		{ "-p 80:80", "cannot use \"-p, --publish\": there is no network", "" },
		{ "--publish=80", "cannot use \"-p, --publish\": there is no network", "" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct values values;
		struct error err = { 0 };
		_cleanup_free_ char *args = NULL;
		int r = parse(rows[i].line, 0, &values, &args, &err);
		options_done(TABLES, &values);
		assert_true(r < 0);
		assert_int_equal(err_info(r)->exit_status, 125);
		if (!streq(err.message, rows[i].message) || !streq(err.hint, rows[i].hint))
			fail_msg("\"%s\": %s (%s)", rows[i].line, err.message, err.hint);
	}
}

static void test_help_is_known_everywhere(void **state)
{
	static const struct option with_h[] = { OPT_STRING(struct values, name, 'h', "hostname", "string", "A name"),
						OPT_END };
	static const struct option *const tables[] = { with_h, NULL };
	static const char *const lines[] = { "--help", "-h", "-ih", "x --help --nosuch" };
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct values values;
		_cleanup_free_ char *args = NULL;
		assert_int_equal(parse(lines[i], 0, &values, &args, NULL), 1);
		options_done(TABLES, &values);
	}
	struct values values = { 0 };
	_cleanup_free_ char **args = NULL;
	char *argv[] = { (char *)"-h", (char *)"box", (char *)"--help", NULL };
	assert_int_equal(options_parse(tables, OPTIONS_STOP_AT_ARGUMENT, argv, &values, &args, NULL), 1);
	assert_string_equal(values.name, "box");
	options_done(tables, &values);
}

static void test_no_tables(void **state)
{
	_cleanup_free_ char **args = NULL;
	char *argv[] = { (char *)"x", NULL };
	assert_int_equal(options_parse(NULL, 0, argv, NULL, &args, NULL), 0);
	assert_string_equal(args[0], "x");
	char *flag[] = { (char *)"-x", NULL };
	assert_int_equal(options_parse(NULL, 0, flag, NULL, &args, NULL), -ERR_USAGE);
	options_done(NULL, NULL);
}

static void test_what_help_shows(void **state)
{
	static const char *const names[] = { "colour", "count", "env", "interactive", "memory", "name", "rm", "tty" };
	_cleanup_free_ const struct option **rows = NULL;
	assert_int_equal(options_sorted(TABLES, &rows), ARRAY_SIZE(names));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_string_equal(rows[i]->name, names[i]);
}

/* --- Values of their own --- */

static char *describe_mount(const struct mount_request *mount)
{
	_cleanup_free_ char *options = strv_join(mount->options, ",");
	struct str text = { 0 };
	str_appendf(&text, "%s>%s %s[%s]", mount->source ? mount->source : "", mount->target,
		    mount->readonly ? "ro" : "rw", options);
	return str_take(&text);
}

static void test_volumes(void **state)
{
	static const struct {
		const char *text, *result;
	} good[] = {
		{ "/a:/b", "/a>/b rw[]" },
		{ "/a:/b:ro", "/a>/b ro[]" },
		{ "/a:/b:rw", "/a>/b rw[]" },
		{ "/a:/b:ro,rslave,z", "/a>/b ro[rslave]" },
		{ "/a:/b:delegated,ro", "/a>/b ro[]" },
		{ "/a", ">/a rw[]" },
		{ "data:/b", "data>/b rw[]" },
		{ "data:/b:ro,nocopy,nosuid", "data>/b ro[nosuid]" },
	};
	static const struct {
		const char *text;
		enum error_code code;
	} bad[] = {
		{ "", ERR_USAGE },
		{ "/a:b", ERR_MNT_REL },
		{ "/a:/", ERR_MNT_REL },
		{ "/a:/b/..", ERR_MNT_REL },
		{ "/a:/b:ro:x", ERR_USAGE },
		{ "x:/b", ERR_INVALID },
		{ "a", ERR_MNT_REL },
		{ "/a:/b:nocopy", ERR_USAGE },
		{ "a/b:/c", ERR_MNT_REL },
		{ ":/b", ERR_USAGE },
		{ "/a:/b:roo", ERR_USAGE },
		{ "/a:", ERR_MNT_REL },
		{ "/a:/b:,", ERR_USAGE },
		{ "-x:/b", ERR_INVALID },
	};
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct mount_request mount;
		assert_int_equal(mount_parse_volume(good[i].text, &mount, NULL), 0);
		_cleanup_free_ char *result = describe_mount(&mount);
		mount_request_done(&mount);
		assert_string_equal(result, good[i].result);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct mount_request mount;
		struct error err = { 0 };
		if (mount_parse_volume(bad[i].text, &mount, &err) != -(int)bad[i].code)
			fail_msg("\"%s\": %s", bad[i].text, err.message);
	}
}

static void test_mounts(void **state)
{
	static const struct {
		const char *text, *result;
	} good[] = {
		{ "type=bind,source=/a,target=/b", "bind /a>/b rw[]" },
		{ "type=bind,src=/a,dst=/b,ro", "bind /a>/b ro[]" },
		{ "target=/b", "volume >/b rw[]" },
		{ "source=data,destination=/b,readonly=false,volume-nocopy", "volume data>/b rw[]" },
		{ "type=bind,src=/a,dst=/b,bind-propagation=rslave,bind-nonrecursive", "bind /a>/b rw[rslave,bind]" },
		{ "type=bind,src=/a,dst=/b,ro,bind-recursive=writable,consistency=cached", "bind /a>/b ro[ro]" },
		{ "type=bind,src=/a,dst=/b,bind-recursive=disabled", "bind /a>/b rw[bind]" },
		{ "type=bind,\"source=/a,b\"\"\",target=/c", "bind /a,b\">/c rw[]" },
		{ "type=tmpfs,dst=/t,tmpfs-size=64m,tmpfs-mode=1770", "tmpfs >/t rw[size=67108864,mode=1770]" },
		{ "type=image,src=box:1,dst=/i,image-subpath=bin", "image box:1>/i rw[]" },
		{ "type=image,src=box:1,dst=/i,image-subpath=a/../b,readonly", "image box:1>/i ro[]" },
		{ "type=image,src=box:1,dst=/i,subpath=/,rw=false", "image box:1>/i ro[]" },
		{ "src=data,dst=/i,ro,rw,subpath=x", "volume data>/i rw[]" },
	};
	static const char *const kinds[] = { "bind", "tmpfs", "volume", "image" };
	static const struct {
		const char *text, *words;
	} bad[] = {
		{ "", "target is required" },
		{ "type=bind", "target is required" },
		{ "type=nfs,dst=/b", "invalid value for type: nfs: it is bind, volume, tmpfs or image" },
		{ "dst=b", "it must be absolute" },
		{ "dst=/", "it cannot be the root" },
		{ "dst=/b,colour=red", "unexpected key 'colour' in 'colour=red'" },
		{ "dst=/b,colour", "invalid field 'colour' must be a key=value pair" },
		{ "dst=/b,source", "invalid field 'source' must be a key=value pair" },
		{ "dst=/b,source=", "invalid value for 'source': value is empty" },
		{ "dst=/b,ro=perhaps", "invalid value for ro: perhaps: it is true or false" },
		{ "type=bind,dst=/b", "field Source must not be empty" },
		{ "type=tmpfs,src=/a,dst=/b", "field Source must not be specified" },
		{ "type=bind,src=a,dst=/b", "it must be absolute" },
		{ "type=bind,src=/a,dst=/b,volume-nocopy", "cannot mix 'volume-nocopy' with mount type 'bind'" },
		{ "type=bind,src=/a,dst=/b,bind-propagation=loud", "invalid value for bind-propagation: loud" },
		{ "type=bind,src=/a,dst=/b,bind-recursive=no", "invalid value for bind-recursive: no" },
		{ "type=bind,src=/a,dst=/b,bind-recursive=writable", "'bind-recursive=writable' requires 'readonly'" },
		{ "type=bind,src=/a,dst=/b,bind-recursive=readonly", "'bind-recursive=readonly' requires 'readonly'" },
		{ "type=tmpfs,dst=/b,tmpfs-size=much", "invalid value for tmpfs-size: much: it is a size" },
		{ "type=tmpfs,dst=/b,tmpfs-mode=9", "invalid value for tmpfs-mode: 9: it is a mode" },
		{ "src=a/b,dst=/b", "includes invalid characters for a local volume name" },
		{ "dst=/b,volume-driver=x", "plugin \"x\" not found" },
		{ "dst=/b,volume-subpath=/x", "\"volume\": subpath must be a relative path within the volume" },
		{ "dst=/b,volume-subpath=x/../..", "subpath must be a relative path" },
		{ "type=image,src=i,dst=/b,image-subpath=./..", "\"image\": subpath must be a relative path" },
		{ "type=tmpfs,dst=/b,subpath=x", "cannot mix 'subpath' with mount type 'tmpfs'" },
		{ "dst=/b,image-subpath=x", "cannot mix 'image-subpath' with mount type 'volume'" },
		{ "type=image,src=i,dst=/b,rw=true", "an image is mounted read-only" },
		{ "dst=/b,rw=maybe", "invalid value for rw: maybe: it is true or false" },
		{ "\"dst=/b", "quotes do not close" },
		{ "\"dst=/b\"x", "quotes do not close" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		_cleanup_mount_request_ struct mount_request mount = { 0 };
		struct error err = { 0 };
		if (mount_parse_flag(good[i].text, &mount, &err) < 0)
			fail_msg("\"%s\": %s", good[i].text, err.message);
		_cleanup_free_ char *result = describe_mount(&mount);
		_cleanup_free_ char *whole = mem_printf("%s %s", kinds[mount.kind], result);
		assert_string_equal(whole, good[i].result);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct mount_request mount;
		struct error err = { 0 };
		assert_true(mount_parse_flag(bad[i].text, &mount, &err) < 0);
		if (!strstr(err.message, bad[i].words))
			fail_msg("\"%s\": %s", bad[i].text, err.message);
	}
}

static void test_relative_volumes(void **state)
{
	struct mount_request mount;
	assert_int_equal(mount_parse_volume("./x/../y:/b", &mount, NULL), 0);
	assert_true(mount.source[0] == '/' && str_ends_with(mount.source, "/y") && !strstr(mount.source, ".."));
	mount_request_done(&mount);
	assert_int_equal(mount_parse_volume(".:/b", &mount, NULL), 0);
	assert_true(mount.source[0] == '/');
	mount_request_done(&mount);
}

static void test_tmpfs(void **state)
{
	struct mount_request mount;
	assert_int_equal(mount_parse_tmpfs("/run:ro,size=64m,mode=1777", &mount, NULL), 0);
	_cleanup_free_ char *result = describe_mount(&mount);
	mount_request_done(&mount);
	assert_string_equal(result, ">/run ro[size=64m,mode=1777]");
	assert_int_equal(mount_parse_tmpfs("run", &mount, NULL), -ERR_MNT_REL);
	assert_int_equal(mount_parse_tmpfs("/", &mount, NULL), -ERR_MNT_REL);
	assert_int_equal(mount_parse_tmpfs("", &mount, NULL), -ERR_MNT_REL);
}

static void test_variables(void **state)
{
	assert_int_equal(env_check("A", NULL), 0);
	assert_int_equal(env_check("A=", NULL), 0);
	assert_int_equal(env_check("=A", NULL), -ERR_USAGE);
	assert_int_equal(env_check("", NULL), -ERR_USAGE);
}

/* What goes on to the container of some pieces of input, and whether the keys were there. */
static bool filter(struct detach_keys keys, const char *const *pieces, struct str *out)
{
	bool complete = false;
	for (; *pieces && !complete; pieces++) {
		char buf[64 + DETACH_KEYS_MAX];
		size_t n = detach_keys_filter(&keys, *pieces, strlen(*pieces), buf, &complete);
		str_append_len(out, buf, n);
	}
	return complete;
}

static void test_detach_keys(void **state)
{
	static const struct {
		const char *keys;
		const char *pieces[4];
		const char *passed;
		bool complete;
	} rows[] = {
		{ "ctrl-p,ctrl-q",
		  { "a\x10", "\x11"
			     "b" },
		  "a",
		  true },
		{ "ctrl-p,ctrl-q",
		  { "a\x10", "b\x10\x11" },
		  "a\x10"
		  "b",
		  true },
		{ "ctrl-p,ctrl-q", { "\x10\x10\x11" }, "\x10", true },
		{ "ctrl-p,ctrl-q", { "\x10\x10", "x" }, "\x10\x10x", false },
		{ "ctrl-p,ctrl-q", { "\x11\x10" }, "\x11", false },
		{ "a,a,b", { "aaab" }, "a", true },
		{ "a,b,a,c", { "aba", "bac" }, "ab", true },
		{ "a,b,a,c", { "abab", "x" }, "ababx", false },
		{ "x", { "ax" }, "a", true },
		{ "ctrl-@", { "a" }, "a", false },
		{ "ctrl-[,ctrl-_", { "\x1b\x1f" }, "", true },
		{ "", { "\x10\x11" }, "\x10\x11", false },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct detach_keys keys;
		_cleanup_str_ struct str out = { 0 };
		assert_int_equal(detach_keys_parse(rows[i].keys, &keys, NULL), 0);
		assert_int_equal(filter(keys, rows[i].pieces, &out), rows[i].complete);
		assert_string_equal(str_text(&out), rows[i].passed);
	}
	static const char *const bad[] = {
		"ctrl-", "ctrl-1", "ctrl-ab", "ab", "a,,b", "ctrl-A", "a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a"
	};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct detach_keys keys;
		assert_int_equal(detach_keys_parse(bad[i], &keys, NULL), -ERR_USAGE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_help_is_known_everywhere),
		cmocka_unit_test(test_no_tables),
		cmocka_unit_test(test_what_help_shows),
		cmocka_unit_test(test_volumes),
		cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_relative_volumes),
		cmocka_unit_test(test_tmpfs),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_detach_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
