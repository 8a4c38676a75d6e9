/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every error that coffer knows: X(code, stable id, exit status of run/create/exec, HTTP status, summary).
 *
 * Exit statuses: 125 coffer itself failed, 126 the command exists but cannot be executed, 127 it does not exist.
 * They derive from the code and never from a message's text.
 */
#pragma once

#define ERROR_CODES(X)                                                                                              \
	X(ERR_INTERNAL, "E-INTERNAL", 125, 500, "a bug in coffer, or a file of its own that makes no sense")        \
	X(ERR_SYSTEM, "E-SYSTEM", 125, 500, "a system call failed")                                                 \
	X(ERR_USAGE, "E-USAGE", 125, 400, "the command line does not make sense")                                   \
	X(ERR_TEMPLATE, "E-TEMPLATE", 64, 400, "the template of --format cannot be parsed")                         \
	X(ERR_INVALID, "E-INVALID", 125, 400, "a value is malformed or out of its range")                           \
	X(ERR_PERMISSION, "E-PERM", 125, 403, "the kernel or a file's mode does not permit it")                     \
	X(ERR_UNSUPPORTED, "E-UNSUPPORTED", 125, 501, "this kernel or this build cannot do it")                     \
	X(ERR_NOT_FOUND, "E-NOT-FOUND", 125, 404, "a file or an object is not there")                               \
	X(ERR_EXISTS, "E-EXISTS", 125, 409, "the object is there already")                                          \
	X(ERR_BUSY, "E-BUSY", 125, 409, "the object is in use")                                                     \
	X(ERR_TIMEOUT, "E-TIMEOUT", 125, 504, "it took too long")                                                   \
	X(ERR_CANCELLED, "E-CANCELLED", 125, 499, "it was interrupted")                                             \
	X(ERR_NOSPC, "E-NOSPC", 125, 507, "no space is left on the file system")                                    \
	X(ERR_NOINODE, "E-NOINODE", 125, 507, "no inode is left on the file system")                                \
	X(ERR_JSON, "E-JSON", 125, 400, "a JSON document is malformed")                                             \
	X(ERR_DB, "E-DB", 125, 500, "the engine's database refused")                                                \
	X(ERR_REG_DNS, "E-REG-DNS", 125, 502, "the registry's name cannot be resolved, or no route leads there")    \
	X(ERR_REG_REFUSED, "E-REG-REFUSED", 125, 502, "nothing listens at the registry's address")                  \
	X(ERR_REG_AUTH, "E-REG-AUTH", 125, 401, "the registry wants other credentials")                             \
	X(ERR_REG_HTTP, "E-REG-HTTP", 125, 502, "the registry speaks plain HTTP where HTTPS was expected")          \
	X(ERR_REG_TLS, "E-REG-TLS", 125, 502, "the registry's certificate cannot be trusted")                       \
	X(ERR_REG_ANSWER, "E-REG-ANSWER", 125, 502, "the registry answered with something that makes no sense")     \
	X(ERR_REG_TIMEOUT, "E-REG-TIMEOUT", 125, 504, "the registry is too slow or has stopped to answer")          \
	X(ERR_IMG_NOT_FOUND, "E-IMG-NOT-FOUND", 125, 404, "no such image on this machine")                          \
	X(ERR_IMG_TAG, "E-IMG-TAG", 125, 404, "the registry has no such tag, digest or repository")                 \
	X(ERR_IMG_REF, "E-IMG-REF", 125, 400, "the image name does not follow the grammar")                         \
	X(ERR_IMG_DIGEST, "E-IMG-DIGEST", 125, 502, "bytes do not match the digest or size that names them")        \
	X(ERR_IMG_MANIFEST, "E-IMG-MANIFEST", 125, 400, "a manifest, index or image config is malformed")           \
	X(ERR_IMG_LAYER, "E-IMG-LAYER", 125, 400, "a layer archive is truncated, malformed or malicious")           \
	X(ERR_IMG_ARCH, "E-IMG-ARCH", 125, 400, "the image is for another platform")                                \
	X(ERR_IMG_IN_USE, "E-IMG-IN-USE", 125, 409, "containers use the image")                                     \
	X(ERR_NO_CMD, "E-NO-CMD", 125, 400, "neither the image nor the command line names a program")               \
	X(ERR_NO_CONTAINER, "E-NO-CONTAINER", 125, 404, "no such container")                                        \
	X(ERR_NO_POD, "E-NO-POD", 125, 404, "no such pod")                                                          \
	X(ERR_NO_SECRET, "E-NO-SECRET", 125, 404, "no such secret")                                                 \
	X(ERR_NO_VOLUME, "E-NO-VOLUME", 125, 404, "no such volume")                                                 \
	X(ERR_NAME, "E-NAME", 125, 409, "the name is in use by another container")                                  \
	X(ERR_STATE, "E-STATE", 125, 409, "the container is not in the state that this needs")                      \
	X(ERR_SPEC, "E-SPEC", 125, 400, "the bundle's config.json breaks the runtime specification")                \
	X(ERR_MNT_SRC, "E-MNT-SRC", 125, 400, "the source of a mount does not exist")                               \
	X(ERR_MNT_TYPE, "E-MNT-TYPE", 125, 400, "a file is to be mounted on a directory, or a directory on a file") \
	X(ERR_MNT_REL, "E-MNT-REL", 125, 400, "a mount's source or target is not an absolute path")                 \
	X(ERR_MOUNT, "E-MOUNT", 125, 500, "the kernel refused a mount")                                             \
	X(ERR_USER, "E-USER", 125, 400, "no such user or group in the image")                                       \
	X(ERR_WORKDIR, "E-WORKDIR", 125, 400, "the working directory cannot be used")                               \
	X(ERR_MEM_MIN, "E-MEM-MIN", 125, 400, "the memory limit is too small to start anything")                    \
	X(ERR_CPU, "E-CPU", 125, 400, "the CPU limit is not one that this machine can give")                        \
	X(ERR_CG_CTRL, "E-CG-CTRL", 125, 500, "a cgroup controller that a limit needs is not available")            \
	X(ERR_CGROUP, "E-CGROUP", 125, 500, "the kernel refused a cgroup setting")                                  \
	X(ERR_SYSTEMD, "E-SYSTEMD", 125, 500, "systemd cannot be reached, or has refused")                          \
	X(ERR_SEC_CAP, "E-SEC-CAP", 125, 400, "no such capability, or it cannot be given")                          \
	X(ERR_SEC_SECCOMP, "E-SEC-SECCOMP", 125, 400, "the seccomp profile cannot be used")                         \
	X(ERR_SEC_LSM, "E-SEC-LSM", 125, 400, "the security module that was asked for is not active")               \
	X(ERR_SEC_OPT, "E-SEC-OPT", 125, 400, "unknown or malformed --security-opt")                                \
	X(ERR_DEV, "E-DEV", 125, 400, "no such device, or it cannot be given")                                      \
	X(ERR_SYSCTL, "E-SYSCTL", 125, 400, "the kernel setting is not one of the container's own")                 \
	X(ERR_IDMAP, "E-IDMAP", 125, 400, "user or group ids cannot be mapped")                                     \
	X(ERR_HOOK, "E-HOOK", 125, 500, "a hook failed")                                                            \
	X(ERR_NET, "E-NET", 125, 400, "no such network, or it cannot be joined")                                    \
	X(ERR_PORT_ALLOCATED, "E-PORT-ALLOCATED", 125, 500, "a container has published that port")                  \
	X(ERR_PORT_HOST, "E-PORT-HOST", 125, 500, "a process of the host has that port")                            \
	X(ERR_ADDRESS, "E-ADDRESS", 125, 403, "no such address on the network, or none is left")                    \
	X(ERR_OOM, "E-OOM", 137, 500, "the kernel killed the container because it was out of memory")               \
	X(ERR_TTY, "E-TTY", 125, 400, "a terminal was asked for where there is none")                               \
	X(ERR_EXEC_NOTFOUND, "E-EXEC-NOTFOUND", 127, 400, "the command is not in the container")                    \
	X(ERR_EXEC_INTERP, "E-EXEC-INTERP", 127, 400, "the script's interpreter is not in the container")           \
	X(ERR_EXEC_LOADER, "E-EXEC-LOADER", 127, 400, "the program's dynamic loader is not in the container")       \
	X(ERR_EXEC_PERM, "E-EXEC-PERM", 126, 400, "the command may not be executed")                                \
	X(ERR_EXEC_DIR, "E-EXEC-DIR", 126, 400, "the command is a directory")                                       \
	X(ERR_EXEC_FORMAT, "E-EXEC-FORMAT", 126, 400, "the command is not a program for this machine")
