/* SPDX-License-Identifier: Apache-2.0 */
#include "image/platform.h"

#include <ctype.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"

/* What others than Go call an architecture: uname(2), Debian, people. */
static const struct {
	const char *name, *architecture, *variant;
} ALIASES[] = {
	{ "x86_64", "amd64", "" },    { "x86-64", "amd64", "" },
	{ "i386", "386", "" },	      { "i486", "386", "" },
	{ "i586", "386", "" },	      { "i686", "386", "" },
	{ "aarch64", "arm64", "" },   { "armv8l", "arm", "v8" },
	{ "armv7l", "arm", "v7" },    { "armhf", "arm", "v7" },
	{ "armv6l", "arm", "v6" },    { "armel", "arm", "v6" },
	{ "armv5tel", "arm", "v5" },  { "loongarch64", "loong64", "" },
	{ "ppc64el", "ppc64le", "" },
};

/* The variant that an architecture has when none is named; the same machine either way. */
static const struct {
	const char *architecture, *variant;
} DEFAULT_VARIANTS[] = { { "amd64", "v1" }, { "arm64", "v8" }, { "arm", "v7" } };

/* Every GOOS and GOARCH that there is or was. Source: Go's internal/syslist. The NULL is for str_nearest(). */
static const char *const ARCHITECTURES[] = {
	"386",	   "amd64",    "amd64p32",  "arm",	   "arm64",   "arm64be", "armbe", "loong64", "mips",
	"mips64",  "mips64le", "mips64p32", "mips64p32le", "mipsle",  "ppc",	 "ppc64", "ppc64le", "riscv",
	"riscv64", "s390",     "s390x",	    "sparc",	   "sparc64", "wasm",	 NULL,
};

static const char *const SYSTEMS[] = {
	"aix",	"android", "darwin",  "dragonfly", "freebsd", "hurd",	"illumos", "ios", "js", "linux",
	"nacl", "netbsd",  "openbsd", "plan9",	   "solaris", "wasip1", "windows", "zos", NULL,
};

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (streq(text, *words))
			return true;
	return false;
}

static const char *default_variant(const char *architecture)
{
	for (size_t i = 0; i < ARRAY_SIZE(DEFAULT_VARIANTS); i++)
		if (streq(DEFAULT_VARIANTS[i].architecture, architecture))
			return DEFAULT_VARIANTS[i].variant;
	return "";
}

/* One spelling for everything that means the same: no alias, and the default variant is left out but on arm. */
static void normalize(struct platform *platform)
{
	for (size_t i = 0; i < ARRAY_SIZE(ALIASES); i++) {
		if (streq(platform->architecture, ALIASES[i].name)) {
			str_copy(platform->architecture, sizeof platform->architecture, ALIASES[i].architecture);
			if (*ALIASES[i].variant)
				str_copy(platform->variant, sizeof platform->variant, ALIASES[i].variant);
			break;
		}
	}
	if (isdigit((unsigned char)platform->variant[0])) {
		char prefixed[sizeof platform->variant + 1];
		snprintf(prefixed, sizeof prefixed, "v%s", platform->variant);
		str_copy(platform->variant, sizeof platform->variant, prefixed);
	}
	const char *usual = default_variant(platform->architecture);
	bool arm = streq(platform->architecture, "arm");
	if (arm && !*platform->variant)
		str_copy(platform->variant, sizeof platform->variant, usual);
	else if (!arm && *usual && streq(platform->variant, usual))
		platform->variant[0] = '\0';
}

struct platform platform_host(void)
{
	struct platform host = { .os = "linux" };
	struct utsname system;
	if (uname(&system) == 0)
		str_copy(host.architecture, sizeof host.architecture, system.machine);
	normalize(&host);
	return host;
}

/* Go's words are short, and hold nothing that could make trouble in a message or a path. */
static int copy_word(const char *word, char *buf, size_t size, const char *text, struct error *err)
{
	size_t len = strlen(word);
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)word[i]) && (i == 0 || !strchr("_.-", word[i])))
			return err_set(err, ERR_INVALID, "invalid platform \"%.100s\": it is OS/ARCHITECTURE[/VARIANT]",
				       text);
	if (len == 0 || len >= size)
		return err_set(err, ERR_INVALID, "invalid platform \"%.100s\": a part of it is %s", text,
			       len ? "too long" : "empty");
	for (size_t i = 0; i <= len; i++)
		buf[i] = (char)tolower((unsigned char)word[i]);
	return 0;
}

static int refuse_unknown(const char *text, const char *word, const char *const *words, struct error *err)
{
	const char *nearest = str_nearest(word, words);
	(void)err_set(err, ERR_INVALID, "unknown platform \"%.100s\": it is OS/ARCHITECTURE[/VARIANT]", text);
	return nearest ? err_hint(err, "did you mean %s?", nearest) : -ERR_INVALID;
}

/* No registry has images for a word that means nothing. This machine is known, whatever it is. */
static int check_known(const struct platform *platform, const char *text, struct error *err)
{
	if (!is_one_of(platform->os, SYSTEMS))
		return refuse_unknown(text, platform->os, SYSTEMS, err);
	if (is_one_of(platform->architecture, ARCHITECTURES) ||
	    streq(platform->architecture, platform_host().architecture))
		return 0;
	return refuse_unknown(text, platform->architecture, ARCHITECTURES, err);
}

/* One word alone is a system, with this machine's architecture, or an architecture, with this machine's system. */
static int parse_single(const char *text, struct platform *platform, struct error *err)
{
	*platform = platform_host();
	char word[sizeof platform->architecture];
	int r = copy_word(text, word, sizeof word, text, err);
	if (r < 0)
		return r;
	if (is_one_of(word, SYSTEMS)) {
		str_copy(platform->os, sizeof platform->os, word);
		return 0;
	}
	str_copy(platform->architecture, sizeof platform->architecture, word);
	platform->variant[0] = '\0';
	normalize(platform);
	return check_known(platform, text, err);
}

int platform_parse(const char *text, struct platform *ret, struct error *err)
{
	struct platform platform = { 0 };
	_cleanup_strv_ char **words = strv_split(text, '/');
	size_t count = strv_count(words);
	if (count > 3)
		return err_set(err, ERR_INVALID, "invalid platform \"%.100s\": it is OS/ARCHITECTURE[/VARIANT]", text);
	int r;
	if (count < 2) {
		r = parse_single(text, &platform, err);
		if (r == 0)
			*ret = platform;
		return r;
	}
	r = copy_word(words[0], platform.os, sizeof platform.os, text, err);
	if (r == 0)
		r = copy_word(words[1], platform.architecture, sizeof platform.architecture, text, err);
	if (r == 0 && count == 3)
		r = copy_word(words[2], platform.variant, sizeof platform.variant, text, err);
	if (r < 0)
		return r;
	normalize(&platform);
	r = check_known(&platform, text, err);
	if (r == 0)
		*ret = platform;
	return r;
}

const char *platform_format(const struct platform *platform, char buf[static 64])
{
	snprintf(buf, 64, "%s/%s%s%s", platform->os, platform->architecture, *platform->variant ? "/" : "",
		 platform->variant);
	return buf;
}

/* "v8.2" as 802, "v7" as 700; 0 if it is not of this form. */
static int variant_level(const char *variant)
{
	enum { STEPS = 100 };
	if (*variant != 'v')
		return 0;
	char major_text[16];
	str_copy(major_text, sizeof major_text, variant + 1);
	char *dot = strchr(major_text, '.');
	if (dot)
		*dot = '\0';
	uint64_t major, minor = 0;
	if (parse_u64(major_text, STEPS - 1, &major, NULL) < 0 ||
	    (dot && parse_u64(dot + 1, STEPS - 1, &minor, NULL) < 0))
		return 0;
	return (int)(major * STEPS + minor);
}

static int level(const struct platform *platform)
{
	return variant_level(*platform->variant ? platform->variant : default_variant(platform->architecture));
}

/*
 * A machine runs what was made for it and for the lesser variants of its architecture: arm/v7 runs arm/v6, amd64/v3
 * runs amd64. Not that an amd64 machine often runs 386, too: whoever wants that says so.
 */
int platform_match(const struct platform *wanted, const struct platform *offered)
{
	struct platform a = *wanted, b = *offered;
	normalize(&a);
	normalize(&b);
	if (!*b.os || !streq(a.os, b.os) || !streq(a.architecture, b.architecture))
		return 0;
	if (streq(a.variant, b.variant))
		return INT16_MAX;
	int limit = level(&a), value = level(&b);
	if (limit == 0 || value == 0)
		return *b.variant ? 0 : 1;
	return value <= limit ? value : 0;
}
