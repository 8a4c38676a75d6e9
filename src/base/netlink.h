/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Netlink by batches: several requests go to the kernel in one send, and each is acknowledged.
 *
 *  1. netlink_open() a socket. It belongs to the network namespace that the caller is in at that moment, for good.
 *  2. netlink_begin() a request, append its attributes (netlink_put*(), netlink_nest()); the next begin ends it.
 *  3. netlink_commit() sends all of the batch and reads the acknowledgements; the batch is empty then.
 *
 * A request that fails does not keep the ones behind it from being tried (nftables' batches are all or nothing, for they
 * stand between BEGIN and END); the first failure is what netlink_commit() returns. Errors: as the errno says, with what the
 * request was about, and the kernel's own words as the cause where it has any.
 *
 * Sources: netlink(7), rtnetlink(7), Documentation/userspace-api/netlink/intro.rst.
 */
#pragma once

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"

/* NETLINK_ROUTE, NETLINK_NETFILTER. Returns the socket, which the caller closes. */
int netlink_open(int protocol, struct error *err);

struct netlink_request {
	uint32_t sequence;
	char *what;  /* "make the bridge \"coffer0\"" */
	int ignored; /* an errno that counts as success, or 0 */
};

/* Zero-initialised is empty. */
struct netlink_batch {
	struct str bytes;
	size_t start; /* of the last message */
	struct netlink_request *requests;
	size_t n_requests;
	uint32_t sequence;
};
void netlink_batch_done(struct netlink_batch *batch);
#define _cleanup_netlink_batch_ _cleanup_(netlink_batch_done)

/* Begin a request that is about @fmt. @flags: NLM_F_CREATE and so on; NLM_F_REQUEST and NLM_F_ACK are added. */
void netlink_begin(struct netlink_batch *batch, uint16_t type, uint16_t flags, const void *header, size_t header_len,
		   const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* The last request may fail with @sys_errno (EEXIST, say). */
void netlink_allow(struct netlink_batch *batch, int sys_errno);

/* A message that nobody acknowledges: the ends of nftables' batches. */
void netlink_mark(struct netlink_batch *batch, uint16_t type, const void *header, size_t header_len);

void netlink_put(struct netlink_batch *batch, uint16_t type, const void *data, size_t len);
void netlink_put_u8(struct netlink_batch *batch, uint16_t type, uint8_t value);
void netlink_put_u16(struct netlink_batch *batch, uint16_t type, uint16_t value);
void netlink_put_u32(struct netlink_batch *batch, uint16_t type, uint32_t value);
void netlink_put_string(struct netlink_batch *batch, uint16_t type, const char *text);

/* Attributes up to netlink_nest_end() are inside of one. Returns what that wants. */
size_t netlink_nest(struct netlink_batch *batch, uint16_t type);
void netlink_nest_end(struct netlink_batch *batch, size_t nest);

/* Append a structure inside of the last attribute nest, without an attribute's head (veth's peer begins with one). */
void netlink_put_raw(struct netlink_batch *batch, const void *data, size_t len);

int netlink_commit(int sock, struct netlink_batch *batch, struct error *err);

/*
 * Send the only request in @batch and give each message of the answer to @each (which returns 0 or an error that ends it).
 * For NLM_F_DUMP requests as well.
 */
int netlink_query(int sock, struct netlink_batch *batch, int (*each)(const struct nlmsghdr *message, void *context),
		  void *context, struct error *err);

/* The attributes behind @header_len bytes of a message's payload, by their type; @table of @n pointers is filled. */
void netlink_attributes(const struct nlmsghdr *message, size_t header_len, const struct nlattr **table, size_t n);

/* The same for those inside of one, which may be NULL: then there are none. */
void netlink_nested(const struct nlattr *nest, const struct nlattr **table, size_t n);

static inline const void *netlink_data(const struct nlattr *attribute)
{
	return (const char *)attribute + NLA_HDRLEN;
}

static inline size_t netlink_length(const struct nlattr *attribute)
{
	return attribute->nla_len - (size_t)NLA_HDRLEN;
}
