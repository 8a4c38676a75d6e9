/* SPDX-License-Identifier: Apache-2.0 */
#include "network/cni-config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/util.h"

#define ALPHANUMERIC "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static const char *const VERSIONS[] = {
	[CNI_0_3_0] = "0.3.0", [CNI_0_3_1] = "0.3.1", [CNI_0_4_0] = "0.4.0",
	[CNI_1_0_0] = "1.0.0", [CNI_1_1_0] = "1.1.0",
};

const char *cni_version_text(enum cni_version version)
{
	return VERSIONS[version];
}

/* --- one document --- */

static int find_version(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(VERSIONS); i++)
		if (streq(VERSIONS[i], text))
			return (int)i;
	return -1;
}

/* The newest that both sides know: of "cniVersions" (since 1.1), where several are offered, or "cniVersion". */
static int read_version(const struct json_node *root, enum cni_version *ret, struct error *err)
{
	_cleanup_strv_ char **offered = NULL;
	const char *text = NULL;
	int best = -1;
	int r = json_get_strv(root, "cniVersions", &offered, err);
	if (r >= 0)
		r = json_get_string(root, "cniVersion", &text, err);
	if (r < 0)
		return r;
	for (char **version = offered; version && *version; version++)
		best = MAX(best, find_version(*version));
	if (text)
		best = MAX(best, find_version(text));
	if (best < 0)
		return json_error(root, err, "cniVersion \"%s\" is none that coffer speaks: %s to %s", text ? text : "",
				  VERSIONS[0], VERSIONS[ARRAY_SIZE(VERSIONS) - 1]);
	*ret = (enum cni_version)best;
	return 0;
}

/* Plugins make file names of it. */
static int read_name(const struct json_node *root, const char **ret, struct error *err)
{
	const char *name;
	int r = json_need_string(root, "name", &name, err);
	if (r < 0)
		return r;
	if (strspn(name, ALPHANUMERIC) == 0 || strspn(name, ALPHANUMERIC "_.-") != strlen(name))
		return json_error(root, err, "invalid network name \"%s\": it is [a-zA-Z0-9][a-zA-Z0-9_.-]*", name);
	*ret = name;
	return 0;
}

/* The name of a program in one of the directories of plugins, and not a way out of them. */
static int read_plugin(const struct json_node *node, struct cni_plugin *ret, struct error *err)
{
	struct cni_plugin plugin = { .node = *node };
	struct json_node capabilities, capability;
	struct json_iterator iterator = { 0 };
	int r = json_as_object(node, err);
	if (r >= 0)
		r = json_need_string(node, "type", &plugin.type, err);
	if (r < 0)
		return r;
	if (strspn(plugin.type, ALPHANUMERIC) == 0 || strchr(plugin.type, '/'))
		return json_error(node, err, "invalid plugin \"%s\": it is the name of a program", plugin.type);
	r = json_get_object(node, "capabilities", &capabilities, err);
	while (r > 0 && json_next(&capabilities, &iterator, &capability))
		if (!json_object_is_type(capability.value, json_type_boolean))
			return json_error(&capability, err, "expected true or false");
	if (r >= 0)
		*ret = plugin;
	return r;
}

static int read_plugins(struct cni_network *network, struct error *err)
{
	int r = json_get_array(&network->root, "plugins", &network->list, err);
	if (r == 0) {
		r = read_plugin(&network->root, ARRAY_APPEND(network->plugins, network->n_plugins), err);
		return r;
	}
	for (size_t i = 0; r >= 0 && i < json_array_length(&network->list); i++) {
		struct json_node node = json_array_at(&network->list, i);
		r = read_plugin(&node, ARRAY_APPEND(network->plugins, network->n_plugins), err);
	}
	if (r >= 0 && network->n_plugins == 0)
		return json_error(&network->list, err, "no plugin is named");
	return r;
}

static int read_network(struct cni_network *network, struct error *err)
{
	network->root = json_root(&network->document);
	int r = json_as_object(&network->root, err);
	if (r >= 0)
		r = read_name(&network->root, &network->name, err);
	if (r >= 0)
		r = read_version(&network->root, &network->version, err);
	if (r >= 0)
		r = json_get_bool(&network->root, "disableCheck", &network->disable_check, err);
	if (r >= 0)
		r = json_get_bool(&network->root, "disableGC", &network->disable_gc, err);
	return r < 0 ? r : read_plugins(network, err);
}

void cni_network_free(struct cni_network *network)
{
	if (!network)
		return;
	free(network->plugins);
	json_document_done(&network->document);
	free(network);
}

int cni_network_parse(const char *text, size_t len, const char *file, struct cni_network **ret, struct error *err)
{
	_cleanup_cni_network_ struct cni_network *network = NEW(struct cni_network);
	int r = json_parse(text, len, file, ERR_NET, &network->document, err);
	if (r >= 0)
		r = read_network(network, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(network);
	return 0;
}

bool cni_plugin_has(const struct cni_plugin *plugin, const char *capability)
{
	struct json_node capabilities;
	bool has = false;
	return json_get_object(&plugin->node, "capabilities", &capabilities, NULL) > 0 &&
	       json_get_bool(&capabilities, capability, &has, NULL) > 0 && has;
}

bool cni_network_has(const struct cni_network *network, const char *capability)
{
	for (size_t i = 0; i < network->n_plugins; i++)
		if (cni_plugin_has(&network->plugins[i], capability))
			return true;
	return false;
}

/* --- the directory --- */

static bool is_list(const char *name)
{
	return str_ends_with(name, ".conflist");
}

static int is_configuration(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && (is_list(entry->d_name) || str_ends_with(entry->d_name, ".conf") ||
					   str_ends_with(entry->d_name, ".json"));
}

/* What is looked for (NULL: nothing), and what has been seen on the way. */
struct search {
	const char *directory, *name;
	struct cni_network *found;
	char **seen;
	struct error failure; /* the first */
};

static void look_at(struct search *search, const char *file)
{
	_cleanup_free_ char *path = path_join(search->directory, file);
	_cleanup_cni_network_ struct cni_network *network = NULL;
	_cleanup_free_ char *text = NULL;
	struct error failure = { 0 };
	size_t len;
	int r = file_read(AT_FDCWD, path, CNI_CONFIG_MAX, &text, &len, &failure);
	if (r >= 0)
		r = cni_network_parse(text, len, path, &network, &failure);
	if (r < 0 && search->failure.code == ERR_NONE)
		search->failure = failure;
	if (r < 0)
		return;
	if (streq_null(network->name, search->name))
		search->found = TAKE_PTR(network);
	else if (!strv_contains(search->seen, network->name))
		strv_append(&search->seen, network->name);
}

static int not_found(const struct search *search, struct error *err)
{
	_cleanup_free_ char *seen = strv_join(search->seen, ", ");
	err_set(err, ERR_NET, "network cni:%s not found", search->name);
	if (search->failure.code != ERR_NONE)
		return err_cause(err, "%s", search->failure.message);
	return err_cause(err, "\"%s\" has %s%s", search->directory, *seen ? "only " : "no network", seen);
}

/* Lists go before plugins alone. Returns -errno if there is no such directory. */
static int look_at_all(struct search *search)
{
	struct dirent **entries = NULL;
	int count = scandir(search->directory, &entries, is_configuration, alphasort);
	if (count < 0)
		return -errno;
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < count && !search->found; i++)
			if (is_list(entries[i]->d_name) == (pass == 0))
				look_at(search, entries[i]->d_name);
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	return 0;
}

char **cni_network_names(const char *dir)
{
	struct search search = { .directory = dir };
	(void)look_at_all(&search);
	return search.seen;
}

int cni_network_find(const char *dir, const char *name, struct cni_network **ret, struct error *err)
{
	struct search search = { .directory = dir, .name = name };
	int r = look_at_all(&search);
	if (r < 0) {
		err_set(err, ERR_NET, "network cni:%s not found", name);
		return err_cause(err, "open \"%s\": %s", dir, strerror(-r));
	}
	r = search.found ? 0 : not_found(&search, err);
	strv_free(search.seen);
	if (r >= 0)
		*ret = search.found;
	return r;
}
