/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/env-source.h"

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"

/* The last wish for a variable is what has become of it. */
static const char *source_of(const char *name, const struct container_spec *spec, bool *ret_ours)
{
	const char *source = ENV_SOURCE_IMAGE;
	char *const *wish_sources = spec->env_sources;
	size_t known = strv_count(wish_sources);
	for (size_t i = 0; spec->env && spec->env[i]; i++) {
		const char *rest = str_after(spec->env[i], name);
		if (!rest || (*rest && *rest != '='))
			continue;
		source = i < known ? wish_sources[i] : "--env";
		*ret_ours = !*rest;
	}
	return source;
}

char **env_sources_find(char *const *env, const struct container_spec *spec)
{
	char **sources = NULL;
	for (; env && *env; env++) {
		_cleanup_free_ char *name = mem_strndup(*env, strcspn(*env, "="));
		bool ours = false;
		const char *source = source_of(name, spec, &ours);
		strv_take(&sources,
			  mem_printf("%s=%s%s", name, source, ours ? ", with the value that it had for coffer" : ""));
	}
	return sources;
}
