/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/userns-mode.h"

#include "base/parse.h"
#include "base/str.h"
#include "base/util.h"

static const uint64_t ID_MAX = UINT32_MAX - 1;

void userns_mode_done(struct userns_mode *mode)
{
	strv_free(mode->uid_maps);
	strv_free(mode->gid_maps);
	*mode = (struct userns_mode){ 0 };
}

/* --- what may stand behind the colon --- */

static int take_id(const char *value, uint32_t *ret, bool *ret_has, struct error *err)
{
	uint64_t id;
	int r = parse_u64(value, ID_MAX, &id, err);
	if (r < 0)
		return r;
	*ret = (uint32_t)id;
	*ret_has = true;
	return 0;
}

static int take_uid(const char *value, struct userns_mode *mode, struct error *err)
{
	return take_id(value, &mode->uid, &mode->has_uid, err);
}

static int take_gid(const char *value, struct userns_mode *mode, struct error *err)
{
	return take_id(value, &mode->gid, &mode->has_gid, err);
}

static int take_size(const char *value, struct userns_mode *mode, struct error *err)
{
	int r = parse_u64(value, ID_MAX, &mode->size, err);
	return r >= 0 && mode->size == 0 ? err_set(err, ERR_IDMAP, "it is at least 1") : r;
}

static int take_uid_map(const char *value, struct userns_mode *mode, struct error *err)
{
	(void)err;
	strv_append(&mode->uid_maps, value);
	return 0;
}

static int take_gid_map(const char *value, struct userns_mode *mode, struct error *err)
{
	(void)err;
	strv_append(&mode->gid_maps, value);
	return 0;
}

static const struct word {
	enum userns_kind kind;
	const char *name;
	int (*take)(const char *value, struct userns_mode *mode, struct error *err);
} WORDS[] = {
	{ USERNS_KEEP_ID, "uid=", take_uid },	      { USERNS_KEEP_ID, "gid=", take_gid },
	{ USERNS_AUTO, "size=", take_size },	      { USERNS_AUTO, "uidmapping=", take_uid_map },
	{ USERNS_AUTO, "gidmapping=", take_gid_map },
};

static int take_word(const char *text, const char *word, struct userns_mode *mode, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(WORDS); i++) {
		const char *value = mode->kind == WORDS[i].kind ? str_after(word, WORDS[i].name) : NULL;
		if (value)
			return WORDS[i].take(value, mode, err) < 0 ? err_wrap(err, "--userns %s", text) : 0;
	}
	err_set(err, ERR_INVALID, "--userns %s: unknown option \"%s\"", text, word);
	return err_hint(err, "%s",
			mode->kind == USERNS_AUTO
				? "--userns auto:size=65536,uidmapping=CONTAINER:HOST:SIZE,gidmapping=..."
				: "--userns keep-id:uid=1000,gid=1000");
}

static int take_words(const char *text, const char *words, struct userns_mode *mode, struct error *err)
{
	_cleanup_strv_ char **list = strv_split(words, ',');
	int r = 0;
	for (char **word = list; r >= 0 && word && *word; word++)
		r = take_word(text, *word, mode, err);
	return r;
}

/* --- the word itself --- */

static const struct kind {
	enum userns_kind kind;
	const char *name;
	bool has_words;
} KINDS[] = {
	{ USERNS_HOST, "host", false },	     { USERNS_PRIVATE, "private", false }, { USERNS_AUTO, "auto", true },
	{ USERNS_KEEP_ID, "keep-id", true }, { USERNS_NOMAP, "nomap", false },
};

static int invalid(const char *text, struct error *err)
{
	err_set(err, ERR_INVALID, "--userns: invalid USER mode: \"%s\"", text);
	return err_hint(err, "--userns host, private, auto, keep-id, nomap, container:NAME or ns:PATH");
}

static int parse_target(const char *text, struct userns_mode *mode, struct error *err)
{
	const char *container = str_after(text, "container:"), *path = str_after(text, "ns:");
	if (path && *path != '/')
		return err_set(err, ERR_INVALID, "--userns %s: the path of a namespace is absolute", text);
	mode->kind = path ? USERNS_PATH : USERNS_CONTAINER;
	return path || (container && *container) ? 0 : invalid(text, err);
}

static int parse(const char *text, struct userns_mode *mode, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(KINDS); i++) {
		const char *rest = str_after(text, KINDS[i].name);
		if (!rest || (*rest && !(*rest == ':' && KINDS[i].has_words)))
			continue;
		mode->kind = KINDS[i].kind;
		return *rest ? take_words(text, rest + 1, mode, err) : 0;
	}
	return parse_target(text, mode, err);
}

static const char *map_flag(const struct container_spec *spec)
{
	return strv_count(spec->uid_maps) > 0	  ? "--uidmap"
	       : strv_count(spec->gid_maps) > 0	  ? "--gidmap"
	       : !str_is_empty(spec->subuid_name) ? "--subuidname"
	       : !str_is_empty(spec->subgid_name) ? "--subgidname"
						  : NULL;
}

int userns_mode_parse(const struct container_spec *spec, struct userns_mode *ret, struct error *err)
{
	_cleanup_userns_mode_ struct userns_mode mode = { .kind = USERNS_HOST };
	const char *flag = map_flag(spec), *text = spec->userns_mode;
	int r = str_is_empty(text) ? 0 : parse(text, &mode, err);
	if (r < 0)
		return r;
	if (str_is_empty(text) && flag)
		mode.kind = USERNS_PRIVATE;
	if (flag && mode.kind != USERNS_PRIVATE)
		return err_set(err, ERR_INVALID, "conflicting options: %s and --userns %s", flag, text);
	if (!flag && mode.kind == USERNS_PRIVATE) {
		err_set(err, ERR_INVALID, "--userns private needs to be told which ids");
		return err_hint(err, "--uidmap 0:100000:65536; or --userns auto");
	}
	*ret = mode;
	mode = (struct userns_mode){ 0 };
	return 0;
}
