/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "linux.netDevices": network devices that move from the runtime's network namespace into the container's, with their
 * addresses. Nothing brings them back: where they go with the namespace is the kernel's affair.
 * Source: config-linux.md, "Network Devices".
 */
#pragma once

#include "base/error.h"
#include "runtime/spec.h"

/* Whether a device can be called so: network_namespaces(7) and the kernel's dev_valid_name(). */
bool net_device_name_is_valid(const char *name);

/* Move them into the namespace @target, rename them, give them their addresses again, and raise them. Errors: ERR_NET. */
int net_devices_move(const struct spec *spec, int target, struct error *err);
