/* SPDX-License-Identifier: Apache-2.0 */
/* `inspect` of a container, in Docker's field names and shape (inspect-shape.h). */
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/path.h"
#include "base/str.h"
#include "base/time.h"
#include "base/util.h"
#include "engine/engine-internal.h"
#include "engine/health-config.h"
#include "engine/health-record.h"
#include "engine/image.h"
#include "engine/device-request.h"
#include "engine/inspect-json.h"
#include "engine/inspect-mounts.h"
#include "engine/inspect-shape.h"
#include "engine/join.h"
#include "engine/limits.h"
#include "engine/log-options.h"
#include "engine/network-inspect.h"
#include "engine/oci-spec.h"
#include "engine/qos.h"
#include "engine/record.h"
#include "engine/removed.h"
#include "engine/restart.h"
#include "engine/secret-request.h"
#include "runtime/spec.h"
#include "storage/driver.h"
#include "storage/snapshot.h"

static void add_time(struct json_object *object, const char *key, int64_t ns)
{
	char text[TIME_TEXT_MAX];
	json_add_string(object, key, time_format_rfc3339(ns, text));
}

/* Where Go has a nil slice, its JSON has null. */
static void add_list(struct json_object *object, const char *key, char *const *v)
{
	if (v)
		json_add_strv(object, key, v);
	else
		json_object_object_add(object, key, NULL);
}

static void add_text(struct json_object *object, const char *key, const char *text)
{
	json_add_string(object, key, text ? text : "");
}

/* --- State --- */

/* What its monitor has found out: why it ended, or where on its way to its program it failed. */
static void add_end(struct engine *engine, const struct container_row *row, struct json_object *state)
{
	struct monitor_status status = { 0 };
	if (row->state == STATE_RUNNING)
		(void)status_of(engine, row->id, &status, NULL);
	else if (*row->last_status)
		(void)monitor_status_parse(row->last_status, strlen(row->last_status), &status, NULL);
	if (status.error.code != ERR_NONE) {
		json_add_string(state, "ErrorCode", err_info(status.error.code)->id);
		json_add_string(state, "ErrorStage", err_stage_name(status.error.stage));
	}
	death_to_json(&status.death, "Death", state);
}

static void add_state(struct engine *engine, const struct container_row *row, const struct container_record *record,
		      struct json_object *root)
{
	struct json_object *state = shape_add_object(root, "State", SHAPE_STATE);
	json_add_string(state, "Status", container_state_name(record->state));
	bool restarting = record->state == STATE_RESTARTING;
	json_add_bool(state, "Running", record->state == STATE_RUNNING || record->state == STATE_PAUSED || restarting);
	json_add_bool(state, "Paused", record->state == STATE_PAUSED);
	json_add_bool(state, "Restarting", restarting);
	json_add_bool(state, "OOMKilled", record->oom_killed);
	json_add_bool(state, "Dead", record->state == STATE_DEAD);
	json_add_i64(state, "Pid", record->pid);
	json_add_i64(state, "ExitCode", record->exit_code);
	json_add_string(state, "Error", record->error);
	add_time(state, "StartedAt", record->started_at);
	add_time(state, "FinishedAt", record->finished_at);
	add_end(engine, row, state);
	health_record_add(engine, row, state);
}

/* --- HostConfig --- */

static void add_limits(const struct container_spec *spec, struct json_object *host)
{
	static const int64_t shm_size_default = 64 << 20;
	json_add_i64(host, "Memory", (int64_t)spec->memory);
	json_add_i64(host, "MemorySwap",
		     spec->memory_swap ? spec->memory_swap
				       : (int64_t)(spec->memory <= INT64_MAX / 2 ? 2 * spec->memory : 0));
	json_add_i64(host, "NanoCpus", (int64_t)spec->cpus_nano);
	json_add_i64(host, "CpuShares", (int64_t)spec->cpu_shares);
	json_add_u64(host, "CpuPeriod", spec->cpu_period_us);
	json_add_i64(host, "CpuQuota", spec->cpu_quota_us);
	add_text(host, "CpusetCpus", spec->cpuset_cpus);
	add_text(host, "CpusetMems", spec->cpuset_mems);
	json_add_i64(host, "MemoryReservation", spec->memory_reservation);
	if (spec->has_swappiness)
		json_add_u64(host, "MemorySwappiness", spec->swappiness);
	if (spec->oom_kill_disable)
		json_add_bool(host, "OomKillDisable", true);
	json_add_i64(host, "OomScoreAdj", qos_effective(spec).oom_score_adj);
	add_text(host, "CgroupParent", spec->cgroup_parent);
	json_add_u64(host, "CpuRealtimePeriod", spec->cpu_rt_period_us);
	json_add_i64(host, "CpuRealtimeRuntime", spec->cpu_rt_runtime_us);
	limits_describe_block(spec, host);
	if (spec->pids_limit)
		json_add_i64(host, "PidsLimit", spec->pids_limit);
	else
		json_object_object_add(host, "PidsLimit", NULL);
	json_add_i64(host, "ShmSize", spec->shm_size ? (int64_t)spec->shm_size : shm_size_default);
	ulimits_describe(spec->ulimits, json_add_array(host, "Ulimits"));
	devices_describe(spec->devices, json_add_array(host, "Devices"));
	add_list(host, "DeviceCgroupRules", spec->device_rules);
}

/* As asked for, but with the other container's id. */
static void add_mode(const struct container_row *row, enum namespace_type type, const char *key, const char *word,
		     struct json_object *host)
{
	const char *id = join_id(row->config.joins, namespace_spec_name(type));
	_cleanup_free_ char *text = id ? mem_printf("container:%s", id) : mem_strdup(word);
	add_text(host, key, text);
}

/* As asked for; who named ids alone has asked for a namespace of its own. */
static const char *userns_word(const struct container_config *config)
{
	const char *word = config_spec(config)->userns_mode;
	return word || !config_has_userns(config) ? word : "private";
}

/* As Podman has it. */
static void add_id_mappings(const struct container_config *config, struct json_object *host)
{
	if (!config_has_userns(config))
		return;
	struct json_object *mappings = json_add_object(host, "IDMappings");
	json_add_strv(mappings, "UidMap", config->uid_map);
	json_add_strv(mappings, "GidMap", config->gid_map);
}

/* What is not the container's own, and what it cannot see. */
static void add_isolation(const struct container_row *row, struct json_object *host)
{
	const struct container_spec *spec = config_spec(&row->config);
	bool open = strv_contains(row->config.security_options, "systempaths=unconfined");
	add_mode(row, NAMESPACE_CGROUP, "CgroupnsMode", spec->cgroupns_mode ? spec->cgroupns_mode : "private", host);
	add_mode(row, NAMESPACE_IPC, "IpcMode", spec->ipc_mode ? spec->ipc_mode : "private", host);
	add_mode(row, NAMESPACE_PID, "PidMode", spec->pid_mode, host);
	add_mode(row, NAMESPACE_UTS, "UTSMode", spec->uts_mode, host);
	add_mode(row, NAMESPACE_USER, "UsernsMode", userns_word(&row->config), host);
	add_id_mappings(&row->config, host);
	if (spec->groups)
		json_add_strv(host, "GroupAdd", spec->groups);
	if (spec->privileged)
		return;
	inspect_add_words(host, "MaskedPaths", open ? NULL : (char *const *)OCI_MASKED_PATHS);
	inspect_add_words(host, "ReadonlyPaths", open ? NULL : (char *const *)OCI_READONLY_PATHS);
}

static void add_console_size(const struct container_spec *spec, struct json_object *host)
{
	struct json_object *size = json_add_array(host, "ConsoleSize");
	json_object_array_add(size, json_object_new_int(spec->console_rows));
	json_object_array_add(size, json_object_new_int(spec->console_columns));
}

static void add_log_config(const struct container_spec *spec, struct json_object *host)
{
	struct json_object *log = json_add_object(host, "LogConfig");
	json_add_string(log, "Type", log_driver_name(spec));
	json_add_pairs(log, "Config", spec->log_options);
}

static void add_host_config(const struct container_row *row, struct json_object *root)
{
	const struct container_spec *spec = config_spec(&row->config);
	struct json_object *host = shape_add_object(root, "HostConfig", SHAPE_HOST_CONFIG);
	inspect_add_wishes(spec, host);
	struct json_object *restart = json_add_object(host, "RestartPolicy");
	json_add_string(restart, "Name", restart_policy_name(restart_policy_of(spec)));
	json_add_i64(restart, "MaximumRetryCount", spec->restart_max);
	network_wishes_add(spec, host);
	add_text(host, "ContainerIDFile", spec->cidfile);
	json_add_bool(host, "AutoRemove", spec->auto_remove);
	json_add_bool(host, "Privileged", spec->privileged);
	json_add_bool(host, "ReadonlyRootfs", spec->read_only);
	if (spec->init)
		json_add_bool(host, "Init", true);
	json_add_string(host, "Runtime", "coffer-runtime");
	add_list(host, "CapAdd", spec->cap_add);
	add_list(host, "CapDrop", spec->cap_drop);
	add_list(host, "SecurityOpt", row->config.security_options);
	if (strv_count(spec->storage_options) > 0)
		json_add_pairs(host, "StorageOpt", spec->storage_options);
	if (strv_count(spec->sysctls) > 0)
		json_add_pairs(host, "Sysctls", spec->sysctls);
	if (strv_count(spec->annotations) > 0)
		json_add_pairs(host, "Annotations", spec->annotations);
	add_limits(spec, host);
	add_isolation(row, host);
	add_console_size(spec, host);
	add_log_config(spec, host);
}

/* --- Config --- */

/* {"80/tcp": {}, ...}; nothing where nothing is asked for. */
static void add_set(struct json_object *object, const char *key, char *const *words)
{
	struct json_object *set = words && *words ? json_add_object(object, key) : NULL;
	for (; words && *words; words++)
		json_add_object(set, *words);
}

static void add_config(const struct container_row *row, struct json_object *root)
{
	const struct container_spec *spec = config_spec(&row->config);
	const char *sig = signal_name(row->config.stop_signal);
	_cleanup_free_ char *stop_signal = mem_printf("SIG%s", sig);
	struct json_object *config = shape_add_object(root, "Config", SHAPE_CONFIG);
	json_add_string(config, "Hostname", row->config.hostname);
	add_text(config, "Domainname", spec->domainname);
	json_add_string(config, "User", row->config.user);
	json_add_bool(config, "Tty", spec->tty);
	json_add_bool(config, "OpenStdin", spec->open_stdin);
	json_add_bool(config, "StdinOnce", spec->open_stdin);
	add_set(config, "ExposedPorts", row->config.exposed_ports);
	inspect_add_volumes(&row->config, config);
	inspect_add_words(config, "Env", row->config.env);
	if (row->config.env_sources)
		json_add_pairs(config, "EnvSources", row->config.env_sources);
	add_list(config, "Cmd", row->config.command);
	add_list(config, "Entrypoint", row->config.entrypoint);
	json_add_string(config, "Image", spec->image);
	json_add_string(config, "WorkingDir", row->config.working_dir);
	json_add_pairs(config, "Labels", row->config.labels);
	json_add_string(config, "StopSignal", stop_signal);
	health_config_to_json(&row->config.health, config);
	json_add_string(config, "HealthcheckOnFailureAction", spec->health_on_failure);
	secret_requests_describe(spec, config);
	if (spec->has_stop_timeout)
		json_add_i64(config, "StopTimeout", spec->stop_timeout_s);
}

/* --- GraphDriver --- */

/*
 * Nothing is mounted anywhere on the host, so the merged directory is the one that the kernel shows of the first process:
 * it exists as long as that runs.
 */
static void add_overlay(struct engine *engine, const struct container_record *record, char *const *lower,
			struct json_object *driver)
{
	struct json_object *data = json_add_object(driver, "Data");
	_cleanup_free_ char *lower_dir = strv_join(lower, ":");
	_cleanup_free_ char *upper = snapshot_upper(engine->store, record->id);
	_cleanup_free_ char *work = snapshot_work(engine->store, record->id);
	_cleanup_free_ char *merged = record->pid ? mem_printf("/proc/%d/root", record->pid) : mem_strdup("");
	json_add_string(data, "LowerDir", lower_dir);
	json_add_string(data, "MergedDir", merged);
	json_add_string(data, "UpperDir", upper);
	json_add_string(data, "WorkDir", work);
}

static int add_graph_driver(struct engine *engine, const struct container_record *record, char *const *diff_ids,
			    struct json_object *root, struct error *err)
{
	_cleanup_strv_ char **lower = NULL;
	int r = launch_lower(engine, record->id, record->image_id, diff_ids, &lower, err);
	if (r < 0)
		return r;
	struct json_object *driver = json_add_object(root, "GraphDriver");
	if (snapshot_is_whole(engine->store, record->id, NULL))
		json_object_object_add(driver, "Data", NULL); /* as Docker has it */
	else
		add_overlay(engine, record, lower, driver);
	json_add_string(driver, "Name", storage_driver_of(engine->store, record->id)->name);
	return 0;
}

/* --- Network --- */

static int add_network(struct engine *engine, const struct container_row *row, const struct container_record *record,
		       struct json_object *root, struct error *err)
{
	struct json_object *settings = shape_add_object(root, "NetworkSettings", SHAPE_NETWORK_SETTINGS);
	if (record->pid) {
		_cleanup_free_ char *namespace = mem_printf("/proc/%d/ns/net", record->pid);
		json_add_string(settings, "SandboxKey", namespace);
	}
	return network_settings_add(engine, row->id, &row->config, record->pid > 0, settings, err);
}

/* --- all of it --- */

/* Files that are mounted over those of the image, while the container runs. */
static void add_files(struct engine *engine, const struct container_record *record, struct json_object *root)
{
	static const char *const files[][2] = { { "ResolvConfPath", "resolv.conf" },
						{ "HostnamePath", "hostname" },
						{ "HostsPath", "hosts" } };
	for (size_t i = 0; record->pid && i < ARRAY_SIZE(files); i++) {
		_cleanup_free_ char *path = mem_printf("%s/containers/%s/%s", engine->runroot, record->id, files[i][1]);
		json_add_string(root, files[i][0], path);
	}
}

static void add_identity(struct engine *engine, const struct container_row *row, struct json_object *root)
{
	_cleanup_strv_ char **args = config_args(&row->config);
	_cleanup_free_ char *name = mem_printf("/%s", row->name);
	_cleanup_free_ char *log = engine_log_path(engine, row->id);
	json_add_string(root, "Id", row->id);
	add_time(root, "Created", row->created_at);
	json_add_string(root, "Path", args[0] ? args[0] : "");
	inspect_add_words(root, "Args", args[0] ? args + 1 : NULL);
	json_add_string(root, "Image", row->image_id);
	json_add_string(root, "Name", name);
	json_add_string(root, "LogPath", log_driver_has_files(config_spec(&row->config)) ? log : "");
	json_add_string(root, "Driver", storage_driver_of(engine->store, row->id)->name);
	json_add_string(root, "Platform", "linux");
	if (row->pod) {
		json_add_string(root, "Pod", row->pod);
		json_add_bool(root, "IsInfra", row->is_infra);
	}
}

/* What does not depend on that its files and its image are there. */
static int describe(struct engine *engine, const struct container_row *row, const struct container_record *record,
		    struct json_object *root, struct error *err)
{
	shape_add(root, SHAPE_CONTAINER);
	add_identity(engine, row, root);
	add_files(engine, record, root);
	add_state(engine, row, record, root);
	inspect_add_cgroup(engine, record, root);
	json_add_i64(root, "RestartCount", record->restart_count);
	add_host_config(row, root);
	inspect_add_mounts(engine, &row->config, root);
	add_config(row, root);
	return add_network(engine, row, record, root, err);
}

int engine_container_inspect(struct engine *engine, const char *name, struct json_object **ret, struct error *err)
{
	_cleanup_container_row_ struct container_row row = { 0 };
	_cleanup_image_config_ struct image_config image = { 0 };
	int r = container_load_row(engine, name, &row, err);
	if (r >= 0)
		r = image_config_load(engine->store, row.image_id, &image, err);
	if (r < 0)
		return r;
	_cleanup_record_ struct container_record *record = record_from_row(engine, &row);
	_cleanup_json_ struct json_object *root = json_object_new_object();
	r = describe(engine, &row, record, root, err);
	if (r >= 0)
		r = add_graph_driver(engine, record, image.diff_ids, root, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(root);
	return 0;
}

int engine_removed_inspect(struct engine *engine, const char *name, struct json_object **ret, struct error *err)
{
	_cleanup_removed_ struct removed_container removed = { 0 };
	int r = removed_find(engine, name, &removed, err);
	if (r < 0)
		return r;
	_cleanup_record_ struct container_record *record = record_from_row(engine, &removed.row);
	_cleanup_json_ struct json_object *root = json_object_new_object();
	r = describe(engine, &removed.row, record, root, err);
	if (r < 0)
		return r;
	json_add_string(root, "LogPath", "");
	add_time(root, "RemovedAt", removed.removed_at);
	*ret = TAKE_PTR(root);
	return 0;
}
