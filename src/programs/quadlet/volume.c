/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/mem.h"
#include "programs/quadlet/translate.h"

static const struct key KEYS[] = {
	{ "ContainersConfModule", KEY_NEVER, "coffer has no modules of a configuration" },
	{ "Copy", KEY_OWN, NULL },
	{ "Device", KEY_OWN, NULL },
	{ "Driver", KEY_VALUE, "--driver" },
	{ "Group", KEY_OWN, NULL },
	{ "Image", KEY_NEVER, "volumes of images are not there" },
	{ "Label", KEY_WORDS, "--label" },
	{ "Options", KEY_OWN, NULL },
	{ "PodmanArgs", KEY_PASS, NULL },
	{ "ServiceName", KEY_OWN, NULL },
	{ "Type", KEY_OWN, NULL },
	{ "User", KEY_OWN, NULL },
	{ "VolumeName", KEY_OWN, NULL },
	{ 0 },
};

static void append_option(struct str *command, const char *key, const char *value)
{
	if (!value)
		return;
	_cleanup_free_ char *option = mem_printf("%s=%s", key, value);
	unit_words_append(command, "--opt");
	unit_words_append(command, option);
}

/* Owner and group of a volume are options of its mount. */
static void append_mount_options(const struct unit_file *unit, struct str *command)
{
	_cleanup_str_ struct str options = { 0 };
	const char *user = unit_file_get(unit, "Volume", "User"), *group = unit_file_get(unit, "Volume", "Group");
	const char *more = unit_file_get(unit, "Volume", "Options");
	if (user)
		str_appendf(&options, "uid=%s", user);
	if (group)
		str_appendf(&options, "%sgid=%s", options.len ? "," : "", group);
	if (more)
		str_appendf(&options, "%s%s", options.len ? "," : "", more);
	append_option(command, "type", unit_file_get(unit, "Volume", "Type"));
	append_option(command, "device", unit_file_get(unit, "Volume", "Device"));
	append_option(command, "o", options.len ? str_text(&options) : NULL);
}

int quadlet_translate_volume(const struct quadlet *quadlet, struct quadlet_file *file, struct error *err)
{
	_cleanup_str_ struct str command = { 0 };
	_cleanup_free_ char *volume = quadlet_object_name(file);
	struct unit_file *unit = &file->unit;
	str_appendf(&command, "%s volume create", quadlet->coffer);
	int r = keys_translate(unit, "Volume", KEYS, &command, err);
	if (r < 0)
		return r;
	append_mount_options(unit, &command);
	unit_words_append(&command, volume);
	quadlet_make_once(unit, &command);
	return 0;
}
