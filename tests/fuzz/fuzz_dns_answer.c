/* SPDX-License-Identifier: Apache-2.0 */
/* What a name server answers. */
#include <stdint.h>
#include <stdlib.h>

#include "network/dns-query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_answer answer = { 0 };
	if (dns_parse_answer(data, size, 0x1234, &answer, NULL) < 0 && answer.count > 0)
		abort();
	for (size_t i = 0; i < answer.count; i++) {
		char text[CIDR_TEXT_MAX];
		if (!*cidr_address_text(&answer.addresses[i], text))
			abort();
	}
	return 0;
}
