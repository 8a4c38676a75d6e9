/* SPDX-License-Identifier: Apache-2.0 */
#include "programs/quadlet/translate.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"

const struct quadlet_kind QUADLET_KINDS[] = {
	{ ".build", "-build", "Build", "ImageTag", NULL,
	  "coffer builds no images; name a built one with Image= of the container" },
	{ ".container", "", "Container", "ContainerName", quadlet_translate_container, NULL },
	{ ".image", "-image", "Image", "ImageTag", NULL,
	  "no service pulls images; a container pulls what Image= names, if it is not there" },
	{ ".kube", "", "Kube", "Yaml", NULL,
	  "coffer reads no files of Kubernetes; write a .container file for each container" },
	{ ".network", "-network", "Network", "NetworkName", quadlet_translate_network, NULL },
	{ ".pod", "-pod", "Pod", "PodName", quadlet_translate_pod, NULL },
	{ ".volume", "-volume", "Volume", "VolumeName", quadlet_translate_volume, NULL },
	{ 0 },
};

const struct quadlet_kind *quadlet_kind_of(const char *file_name)
{
	for (const struct quadlet_kind *kind = QUADLET_KINDS; kind->suffix; kind++)
		if (str_ends_with(file_name, kind->suffix) && strlen(file_name) > strlen(kind->suffix))
			return kind;
	return NULL;
}

static int stem_length(const struct quadlet_file *file)
{
	return (int)(strlen(file->name) - strlen(file->kind->suffix));
}

char *quadlet_service_name(const struct quadlet_file *file)
{
	const char *given = unit_file_get(&file->unit, file->kind->section, "ServiceName");
	return given ? mem_printf("%s.service", given)
		     : mem_printf("%.*s%s.service", stem_length(file), file->name, file->kind->service_suffix);
}

char *quadlet_object_name(const struct quadlet_file *file)
{
	const char *given = unit_file_get(&file->unit, file->kind->section, file->kind->name_key);
	return given ? mem_strdup(given) : mem_printf("systemd-%.*s", stem_length(file), file->name);
}

/* --- keys --- */

static const struct key *find_key(const struct key *keys, const char *name)
{
	for (; keys->name; keys++)
		if (streq(keys->name, name))
			return keys;
	return NULL;
}

/* "--security-opt=seccomp=" and a value are one word, "--label" and a value two. */
static void append_flag(struct str *command, const char *flag, const char *value)
{
	_cleanup_free_ char *joined = str_ends_with(flag, "=") ? mem_printf("%s%s", flag, value) : NULL;
	unit_words_append(command, joined ? joined : flag);
	if (!joined)
		unit_words_append(command, value);
}

static int append_words(const struct unit_line *line, const char *flag, struct str *command, struct error *err)
{
	_cleanup_strv_ char **words = NULL;
	int r = unit_words_split(line->value, &words, err);
	for (char **word = words; r >= 0 && word && *word; word++) {
		if (flag)
			append_flag(command, flag, *word);
		else
			unit_words_append(command, *word);
	}
	return r;
}

static int append_bool(const struct unit_file *unit, const struct unit_line *line, const char *flag,
		       struct str *command)
{
	bool value = unit_file_get_bool(unit, line->section, line->key, false);
	str_appendf(command, " %s=%s", flag, value ? "true" : "false");
	return 0;
}

static int append_key(const struct unit_file *unit, const struct unit_line *line, const struct key *key,
		      struct str *command, struct error *err)
{
	bool is_last = line->value == unit_file_get(unit, line->section, line->key);
	switch (key->form) {
	case KEY_OWN:
		return 0;
	case KEY_NEVER:
		return err_set(err, ERR_UNSUPPORTED, "%s=: %s", key->name, key->flag);
	case KEY_BOOL:
		return is_last ? append_bool(unit, line, key->flag, command) : 0;
	case KEY_WORDS:
		return append_words(line, key->flag, command, err);
	case KEY_PASS:
		return append_words(line, NULL, command, err);
	case KEY_VALUE:
		if (!is_last)
			return 0;
		break;
	case KEY_LINES:
		break;
	}
	append_flag(command, key->flag, line->value);
	return 0;
}

int keys_translate(const struct unit_file *unit, const char *section, const struct key *keys, struct str *command,
		   struct error *err)
{
	for (size_t i = 0; i < unit->n_lines; i++) {
		const struct unit_line *line = &unit->lines[i];
		if (!streq(line->section, section))
			continue;
		const struct key *key = find_key(keys, line->key);
		int r = key ? append_key(unit, line, key, command, err)
			    : err_set(err, ERR_INVALID, "unknown key \"%s\" in [%s]", line->key, section);
		if (r < 0)
			return err_wrap(err, "'%s', line %d", unit->path, line->number);
	}
	return 0;
}

/* --- the service --- */

int quadlet_depend_on(const struct quadlet *quadlet, struct quadlet_file *file, const char *name,
		      const struct quadlet_file **ret, struct error *err)
{
	for (size_t i = 0; i < quadlet->n_files; i++) {
		if (!streq(quadlet->files[i].name, name))
			continue;
		if (!quadlet->files[i].kind->translate)
			return err_set(err, ERR_UNSUPPORTED, "'%s' needs \"%s\": %s", file->unit.path, name,
				       quadlet->files[i].kind->why_not);
		_cleanup_free_ char *service = quadlet_service_name(&quadlet->files[i]);
		unit_file_add(&file->unit, "Unit", "Requires", mem_strdup(service));
		unit_file_add(&file->unit, "Unit", "After", mem_strdup(service));
		*ret = &quadlet->files[i];
		return 0;
	}
	return err_set(err, ERR_INVALID, "'%s' needs \"%s\", and there is no such file", file->unit.path, name);
}

int quadlet_append_network(const struct quadlet *quadlet, struct quadlet_file *file, const char *value,
			   struct str *command, struct error *err)
{
	_cleanup_free_ char *source = mem_strndup(value, strcspn(value, ":"));
	const char *options = value + strlen(source);
	_cleanup_free_ char *word = NULL;
	if (str_ends_with(source, ".network") || str_ends_with(source, ".container")) {
		const struct quadlet_file *other;
		int r = quadlet_depend_on(quadlet, file, source, &other, err);
		if (r < 0)
			return r;
		_cleanup_free_ char *name = quadlet_object_name(other);
		bool network = str_ends_with(source, ".network");
		word = mem_printf("%s%s%s", network ? "" : "container:", name, options);
	}
	unit_words_append(command, "--network");
	unit_words_append(command, word ? word : value);
	return 0;
}

/* The network is up before services of the system are; a user's manager knows of no such target. */
void quadlet_add_ordering(const struct quadlet *quadlet, struct unit_file *unit)
{
	unit_file_add(unit, "Unit", "SourcePath", mem_strdup(unit->path));
	if (quadlet->user || !unit_file_get_bool(unit, "Quadlet", "DefaultDependencies", true))
		return;
	unit_file_add(unit, "Unit", "Wants", mem_strdup("network-online.target"));
	unit_file_add(unit, "Unit", "After", mem_strdup("network-online.target"));
}

void quadlet_default(struct unit_file *unit, const char *section, const char *key, const char *value)
{
	if (!unit_file_get(unit, section, key))
		unit_file_add(unit, section, key, mem_strdup(value));
}

void quadlet_make_once(struct unit_file *unit, struct str *command)
{
	unit_file_add(unit, "Service", "Type", mem_strdup("oneshot"));
	unit_file_add(unit, "Service", "RemainAfterExit", mem_strdup("yes"));
	unit_file_add(unit, "Service", "ExecStart", str_take(command));
}
