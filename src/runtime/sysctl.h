/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel settings of a container's own namespaces. Source: config-linux.md "Sysctl"; sysctl(8) on separators. */
#pragma once

#include "base/error.h"

/*
 * Keys are written net.ipv4.ip_forward or net/ipv4/ip_forward; the first separator decides, and the other character
 * stands for itself (an interface named eth0.1). The result has dots as separators. free() it.
 */
char *sysctl_normalize(const char *key);

/* Write @settings (key, value, key, value, ...) to @proc (procfs_open()), from inside the namespaces that they belong to. */
int sysctl_apply(char *const *settings, int proc, struct error *err);
