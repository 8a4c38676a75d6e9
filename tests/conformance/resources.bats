#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# linux.resources and linux.cgroupsPath: what each property becomes, on cgroup v1 and v2, and the words for what cannot be.
#
# runc meets the same documents where it is there and means the same by them: its files are compared with ours.

bats_require_minimum_version 1.5.0
load lib/verbs

setup_file() {
	verbs_file_setup
}

setup() {
	verbs_setup
}

teardown() {
	verbs_teardown
}

# resources DOCUMENT: in place of what is there.
resources() {
	config ".linux.resources = $1"
}

# has V1-CONTROLLER/FILE V2-FILE VALUE [VALUE-ON-V2]; "-" for a file that this version does not have.
has() {
	local found wanted=$3
	is_v1 "${1%%/*}" || wanted=${4-$3}
	{ is_v1 "${1%%/*}" && [ "$1" != - ]; } || [ "$2" != - ] || return 0
	found=$(cgroup_value "$1" "$2")
	[ "$found" = "$wanted" ] || {
		echo "$1 or $2 is \"$found\", not \"$wanted\"" >&2
		return 1
	}
}

# can V1-CONTROLLER V2-CONTROLLER: whether this machine can limit it.
can() {
	is_v1 "$1" || grep -qw "$2" /sys/fs/cgroup{,/unified}/cgroup.controllers 2>/dev/null
}

need() {
	can "$1" "$2" || skip "no controller \"$2\" here"
}

# v1_file FILE, for those that depend on the kernel's configuration.
v1_file() {
	[ -e "/sys/fs/cgroup/$1" ]
}

# refused DOCUMENT WORDS. The words go to a file: a container that came into being would hold a pipe open.
refused() {
	resources "$1"
	! runtime create box </dev/null >refusal 2>&1 3>&- || {
		echo "$1 is accepted" >&2
		return 1
	}
	output=$(<refusal)
	[[ $output == *"$2"* ]] || {
		echo "$1: $output" >&2
		return 1
	}
}

# The files of a container's cgroup that say limits, with their values; but for what no two containers have alike.
limits_of_cgroup() {
	local dir
	for dir in /sys/fs/cgroup{,/unified,/memory,/cpu,/cpuset,/pids,/blkio}"$CGROUP"; do
		[ -d "$dir" ] || continue
		(cd "$dir" && grep -sH . memory.{limit_in_bytes,memsw.limit_in_bytes,soft_limit_in_bytes,swappiness,oom_control} \
			memory.{max,swap.max,low,high} cpu.{shares,cfs_quota_us,cfs_period_us,cfs_burst_us,idle,max,max.burst} \
			cpuset.{cpus,mems} pids.max blkio.throttle.* io.max hugetlb.*.max | grep -v 'io_serv')
	done || true
}

# The same limits by runc's hand: ours first, for it has removed the cgroup when it is runc's turn.
same_as_runc() {
	command -v runc >/dev/null || return 0
	run_detached box
	limits_of_cgroup >ours
	runtime delete --force box
	runc --root "$PWD/runc" run -d box </dev/null >output 2>&1 3>&-
	limits_of_cgroup >theirs
	runc --root "$PWD/runc" delete --force box
	[ -s ours ]
	diff theirs ours
}

# --- memory ---

@test "memory: limit, reservation, swap" {
	need memory memory
	resources '{memory: {limit: 33554432, reservation: 16777216, swap: 67108864}}'
	run_detached box
	has memory/memory.limit_in_bytes memory.max 33554432
	has memory/memory.soft_limit_in_bytes memory.low 16777216
	v1_file memory/memory.memsw.limit_in_bytes && has memory/memory.memsw.limit_in_bytes - 67108864
	is_v1 memory || has - memory.swap.max 33554432
	runtime delete --force box
	same_as_runc
}

@test "memory: -1 is no limit, 0 is nothing said" {
	need memory memory
	resources '{memory: {limit: -1, reservation: -1, swap: 0}}'
	run_detached box
	has memory/memory.limit_in_bytes memory.max 9223372036854771712 max
	has memory/memory.soft_limit_in_bytes memory.low 9223372036854771712 max
	runtime delete --force box
	resources '{memory: {limit: 0, reservation: 0, swap: 0}}'
	run_detached box
	has memory/memory.limit_in_bytes memory.max 9223372036854771712 max
	has memory/memory.soft_limit_in_bytes memory.low 9223372036854771712 0
}

@test "memory: the limit holds" {
	need memory memory
	resources '{memory: {limit: 16777216, swap: 16777216}}'
	config '.process.args = ["dd", "if=/dev/zero", "of=/dev/null", "bs=64M", "count=1"]'
	run -137 runtime run box
}

@test "memory: swappiness and the OOM killer, which only v1 has" {
	need memory memory
	if is_v1 memory; then
		resources '{memory: {limit: 33554432, swappiness: 10, disableOOMKiller: true, useHierarchy: true}}'
		run_detached box
		has memory/memory.swappiness - 10
		[[ $(cgroup_value memory/memory.oom_control -) == 'oom_kill_disable 1'* ]]
		runtime delete --force box
		same_as_runc
	else
		refused '{memory: {swappiness: 10}}' 'cgroup v2 has no swappiness of a container'
		refused '{memory: {disableOOMKiller: true}}' 'cgroup v2 cannot disable the OOM killer'
		refused '{memory: {kernelTCP: 4096}}' 'cgroup v2 has no limit of kernel TCP memory alone'
	fi
}

@test "memory: the limit of kernel memory is ignored, with a warning" {
	need memory memory
	resources '{memory: {limit: 33554432, kernel: 4096}}'
	run_detached box
	grep -q 'the limit of kernel memory is ignored' output
	has memory/memory.limit_in_bytes memory.max 33554432
}

@test "memory: what makes no sense" {
	need memory memory
	refused '{memory: {limit: 33554432, swap: 16777216}}' \
		'the limit of memory and swap (16777216) is less than that of memory (33554432)'
	refused '{memory: {limit: -1, swap: 16777216}}' 'a limit of memory and swap needs a limit of memory'
	refused '{memory: {swappiness: 101}}' 'swappiness 101 is out of range, 0 to 100'
	refused '{memory: {limit: "5"}}' '/linux/resources/memory/limit: expected an integer, found a string'
	refused '{memory: {limit: 1.5}}' '/linux/resources/memory/limit'
}

@test "memory: checkBeforeUpdate refuses a limit below what is in use" {
	need memory memory
	resources '{memory: {limit: 33554432}}'
	run_detached box
	run -1 runtime update -r - box <<<'{"memory": {"limit": 4096, "checkBeforeUpdate": true}}'
	[[ $output == *'in use'* ]]
	status_is box running
	has memory/memory.limit_in_bytes memory.max 33554432
}

# --- cpu ---

@test "cpu: shares" {
	need cpu cpu
	local shares weight
	while read -r shares weight; do
		resources "{cpu: {shares: $shares}}"
		run_detached box
		has cpu/cpu.shares cpu.weight "$shares" "$weight"
		runtime delete --force box
	done <<-END
		2 1
		512 59
		1024 100
		262144 10000
	END
}

@test "cpu: quota, period, burst, idle" {
	need cpu cpu
	resources '{cpu: {quota: 50000, period: 200000, burst: 10000}}'
	run_detached box
	has cpu/cpu.cfs_quota_us - 50000
	has cpu/cpu.cfs_period_us - 200000
	is_v1 cpu || has - cpu.max '50000 200000'
	has cpu/cpu.cfs_burst_us cpu.max.burst 10000
	runtime delete --force box
	resources '{cpu: {idle: 1}}'
	run_detached box
	has cpu/cpu.idle cpu.idle 1
	runtime delete --force box
	resources '{cpu: {quota: -1, period: 100000}}'
	run_detached box
	has cpu/cpu.cfs_quota_us - -1
	is_v1 cpu || has - cpu.max 'max 100000'
	runtime delete --force box
	resources '{cpu: {quota: 50000, period: 200000}}'
	same_as_runc
}

@test "cpu: what makes no sense" {
	need cpu cpu
	refused '{cpu: {period: 5}}' 'CPU period of 5 us is out of range, 1000 to 1000000'
	refused '{cpu: {quota: 5}}' 'CPU quota of 5 us is less than 1000'
	refused '{cpu: {quota: 5000, burst: 6000}}' 'CPU burst of 6000 us is more than the quota, 5000 us'
	refused '{cpu: {idle: 2}}' 'CPU idle is 2, neither 0 nor 1'
	refused '{cpu: {shares: -1}}' '/linux/resources/cpu/shares: -1 is out of range'
	is_v1 cpu || refused '{cpu: {realtimeRuntime: 5000}}' 'cgroup v2 has no limit of realtime scheduling'
}

@test "cpu: realtime, where the kernel shares it out" {
	is_v1 cpu && v1_file cpu/cpu.rt_runtime_us || skip "this kernel has no realtime groups"
	resources '{cpu: {realtimePeriod: 1000000, realtimeRuntime: 0}}'
	run_detached box
	has cpu/cpu.rt_period_us - 1000000
}

@test "cpuset: cpus and mems" {
	need cpuset cpuset
	resources '{cpu: {cpus: "0", mems: "0"}}'
	run_detached box
	has cpuset/cpuset.cpus cpuset.cpus 0
	has cpuset/cpuset.mems cpuset.mems 0
	runtime delete --force box
	same_as_runc
	refused '{cpu: {cpus: "4000"}}' 'requested CPUs are not available - requested 4000, available: '
	refused '{cpu: {mems: "900"}}' 'requested memory nodes are not available - requested 900, available: '
	refused '{cpu: {cpus: "many"}}' 'many'
}

# --- pids ---

@test "pids: a limit, none, and 0, which lets nobody fork" {
	need pids pids
	local limit value
	while read -r limit value; do
		resources "{pids: {limit: $limit}}"
		run_detached box
		has pids/pids.max pids.max "$value"
		runtime delete --force box
	done <<-END
		20 20
		-1 max
		0 1
	END
	resources '{pids: {limit: 20}}'
	same_as_runc
	resources '{pids: {limit: 3}}'
	config '.process.args = ["sh", "-c", "sleep 5 & sleep 5 & sleep 5 & sleep 5 & echo completed"]'
	run ! runtime run box
	[[ $output == *"can't fork"* && $output != *completed* ]]
	refused '{pids: {limit: "many"}}' '/linux/resources/pids/limit'
}

# --- blockIO ---

# A disk as MAJOR:MINOR; a partition cannot be throttled.
find_disk() {
	local disk
	for disk in /sys/block/{vd,sd,nvme,xvd}*; do
		[ -e "$disk/dev" ] || continue
		cat "$disk/dev"
		return 0
	done
	return 1
}

@test "blockIO: rates" {
	need blkio io
	local disk
	disk=$(find_disk) || skip "no disk here"
	local entry="{major: ${disk%:*}, minor: ${disk#*:}, rate: 1048576}"
	resources "{blockIO: {throttleReadBpsDevice: [$entry], throttleWriteIOPSDevice: [$entry]}}"
	run_detached box
	has blkio/blkio.throttle.read_bps_device - "$disk 1048576"
	has blkio/blkio.throttle.write_iops_device - "$disk 1048576"
	is_v1 blkio || has - io.max "$disk rbps=1048576 wbps=max riops=max wiops=1048576"
	runtime delete --force box
	same_as_runc
	resources "{blockIO: {throttleReadBpsDevice: [$entry]}}"
	run_detached box
	runtime update -r - box <<<"{\"blockIO\": {\"throttleReadBpsDevice\": [{\"major\": ${disk%:*}, \"minor\": ${disk#*:}, \"rate\": 0}]}}"
	has blkio/blkio.throttle.read_bps_device io.max ''
}

@test "blockIO: what makes no sense" {
	need blkio io
	refused '{blockIO: {weight: 5}}' 'block I/O weight 5 is out of range, 10 to 1000'
	refused '{blockIO: {weight: 1001}}' 'block I/O weight 1001 is out of range, 10 to 1000'
	refused '{blockIO: {leafWeight: 100}}' 'leaf weights of block I/O went with the CFQ scheduler, in Linux 5.0'
	refused '{blockIO: {throttleReadBpsDevice: [{major: 4000, minor: 0, rate: 5}]}}' '4000:0'
	refused '{blockIO: {throttleReadBpsDevice: [5]}}' '/linux/resources/blockIO/throttleReadBpsDevice/0'
}

@test "blockIO: weights, where a scheduler knows them" {
	need blkio io
	resources '{blockIO: {weight: 500}}'
	if run_detached box; then
		is_v1 blkio || has - io.weight 'default 4950'
		# The root of a hierarchy has no such files.
		[ ! -e "/sys/fs/cgroup/blkio$CGROUP/blkio.bfq.weight" ] || has blkio/blkio.bfq.weight - 500
	else
		grep -q 'this kernel has no scheduler with weights' output
		grep -q 'has neither .*weight nor ' output
	fi
}

# --- what few machines have ---

@test "hugepageLimits" {
	refused '{hugepageLimits: [{pageSize: "2Mb", limit: 5}]}' \
		"$(can hugetlb hugetlb && echo 'huge page size "2Mb" is none such as 64KB, 2MB, 1GB' || echo 'controller "hugetlb" is not available')"
	refused '{hugepageLimits: [{pageSize: "../x", limit: 5}]}' '"pageSize" must be a size such as 2MB'
	need hugetlb hugetlb
	resources '{hugepageLimits: [{pageSize: "2MB", limit: 4194304}]}'
	run_detached box
	has hugetlb/hugetlb.2MB.limit_in_bytes hugetlb.2MB.max 4194304
	has hugetlb/hugetlb.2MB.rsvd.limit_in_bytes hugetlb.2MB.rsvd.max 4194304
	runtime delete --force box
	refused '{hugepageLimits: [{pageSize: "3MB", limit: 5}]}' hugetlb.3MB
}

@test "rdma" {
	refused '{rdma: {mlx5_1: {}}}' 'one of "hcaHandles" and "hcaObjects" is required'
	if can rdma rdma; then
		refused '{rdma: {none0: {hcaHandles: 3}}}' "write 'none0 hca_handle=3' to "
	else
		refused '{rdma: {none0: {hcaHandles: 3}}}' 'apply the RDMA limit: controller "rdma" is not available'
	fi
}

@test "network: classes and priorities of v1" {
	if is_v1 net_cls && is_v1 net_prio; then
		resources '{network: {classID: 1048577, priorities: [{name: "lo", priority: 5}]}}'
		run_detached box
		has net_cls/net_cls.classid - 1048577
		[[ $(cgroup_value net_prio/net_prio.ifpriomap -) == *'lo 5'* ]]
	else
		refused '{network: {classID: 1048577}}' 'apply the class of network packets: controller "net_cls" is not available'
		refused '{network: {priorities: [{name: "lo", priority: 5}]}}' \
			'apply the priority of network packets: controller "net_prio" is not available'
		[[ $output == *'it exists in cgroup v1 only, and no hierarchy with it is mounted'* ]]
	fi
}

# --- unified ---

@test "unified: files of v2 by their names" {
	if [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]; then
		resources '{unified: {"memory.high": "20971520", "pids.max": "30", "cpu.weight": "55"}}'
		run_detached box
		has - memory.high 20971520
		has - pids.max 30
		has - cpu.weight 55
		runtime delete --force box
		same_as_runc
		refused '{unified: {"memory.high": "much"}}' 'memory.high'
		refused '{unified: {"memory.nothing": "1"}}' 'memory.nothing'
	else
		refused '{unified: {"memory.high": "1"}}' 'memory'
		[[ $output == *'apply "memory.high": '* ]]
	fi
	refused '{unified: {"../x": "1"}}' '"../x" is not the name of a cgroup file'
	refused '{unified: {"memory.high": 1}}' '/linux/resources/unified/memory.high: expected a string'
}

@test "unified: a controller that is not there is an error that names the level of the tree" {
	refused '{unified: {"dmem.max": "1"}}' 'dmem'
	[[ $output == *'missing from cgroup.controllers of '* || $output == *'cannot use unified on cgroup v1'* ]]
}

# --- cgroupsPath ---

@test "cgroupsPath: absolute, relative, and none" {
	local path
	for path in "$CGROUP" "${CGROUP#/}"; do
		config ".linux.cgroupsPath = \"$path\" | .linux.resources = {pids: {limit: 20}}"
		run_detached box
		has pids/pids.max pids.max 20
		runtime delete --force box
	done
	config 'del(.linux.cgroupsPath)'
	run_detached box
	grep -q "/coffer-runtime/box\$" "/proc/$(runtime state box | jq .pid)/cgroup"
	runtime delete --force box
	for path in / /a/../b /a//b a/./b /cgroup.procs/x; do
		config ".linux.cgroupsPath = \"$path\""
		run -1 runtime create box </dev/null
		[[ $output == *"cgroup path \""*"\" "* ]]
	done
}

@test "a limit without its controller is an error, no limit is none" {
	resources '{}'
	run_detached box
	status_is box running
	runtime delete --force box
	resources 'null'
	run_detached box
	status_is box running
}
