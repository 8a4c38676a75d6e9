/* SPDX-License-Identifier: Apache-2.0 */
/*
 * While it runs: CgroupPath and CgroupID, the number that BPF programs see of its processes; and whether the kernel has
 * killed any of them for memory, which its monitor records at the end only.
 * Source: bpf-helpers(7), "bpf_get_current_cgroup_id".
 */
#include <stddef.h>
#include <sys/stat.h>

#include "base/json.h"
#include "engine/inspect-json.h"
#include "engine/live.h"
#include "runtime/cgroup.h"
#include "runtime/container.h"

static void add_id(const struct cgroup *cgroup, struct json_object *root)
{
	const struct cgroup_tree *trees;
	size_t count = cgroup_trees(cgroup, &trees);
	struct stat st;
	for (size_t i = 0; i < count; i++)
		if (trees[i].v2 && fstat(trees[i].fd, &st) == 0)
			json_add_u64(root, "CgroupID", st.st_ino);
}

static void mark_killed(struct cgroup *cgroup, struct json_object *root)
{
	struct json_object *state;
	struct cgroup_oom oom;
	if (cgroup_read_oom(cgroup, &oom, NULL) >= 0 && oom.oom_kill.set && oom.oom_kill.value > 0 &&
	    json_object_object_get_ex(root, "State", &state))
		json_add_bool(state, "OOMKilled", true);
}

void inspect_add_cgroup(struct engine *engine, const struct container_record *record, struct json_object *root)
{
	_cleanup_container_ struct container *container = NULL;
	_cleanup_cgroup_ struct cgroup *cgroup = NULL;
	if (record->pid == 0 || live_load(engine, record->id, &container, NULL) < 0 ||
	    container_open_cgroup(container, &cgroup, NULL) < 0)
		return;
	json_add_string(root, "CgroupPath", cgroup_path(cgroup));
	add_id(cgroup, root);
	mark_killed(cgroup, root);
}
