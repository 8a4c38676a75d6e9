/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/name.h"

#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "base/util.h"

enum { NAME_LENGTH_MIN = 2, NAME_LENGTH_MAX = 255, PLAIN_ATTEMPTS = 3, NUMBER_MAX = 10000 };

static const char *const ADJECTIVES[] = {
	"able",	   "agile",  "amber",	"ample",  "azure",  "bold",   "brave",	"brief",  "bright", "brisk", "broad",
	"calm",	   "candid", "careful", "clear",  "clever", "cosy",   "crisp",	"curious", "deft",  "eager", "early",
	"earnest", "fair",   "famous",	"fancy",  "fast",   "fine",   "firm",	"fond",	  "frank",  "fresh", "gentle",
	"glad",	   "golden", "grand",	"handy",  "happy",  "hardy",  "honest", "jolly",  "keen",   "kind",  "light",
	"lively",  "loyal",  "lucid",	"lucky",  "mellow", "merry",  "mild",	"modest", "neat",   "nimble", "noble",
	"patient", "plain",  "proud",	"quick",  "quiet",  "rapid",  "ready",	"rosy",	  "royal",  "sharp", "shiny",
	"silent",  "silver", "simple",	"smart",  "smooth", "snug",   "solid",	"steady", "sunny",  "swift", "tidy",
	"tender",  "tough",  "true",	"trusty", "vivid",  "warm",   "wise",	"witty",  "young",  "zesty",
};

/* People to whom computing, mathematics and seafaring owe something, by surname. */
static const char *const SURNAMES[] = {
	"abel",	    "aiken",	 "amundsen", "babbage",	 "backus",   "banks",	 "bering",   "bernoulli", "boole",
	"cabot",    "cantor",	 "cartwright", "cauchy", "chebyshev", "church",	 "clarke",   "conway",	  "cook",
	"cray",	    "dedekind",	 "descartes", "dijkstra", "drake",   "eckert",	 "erdos",    "euclid",	  "euler",
	"fermat",   "fibonacci", "floyd",    "fourier",	 "frege",    "galois",	 "gauss",    "germain",	  "goedel",
	"hamming",  "harrison",	 "hilbert",  "hoare",	 "hollerith", "hopper",	 "hudson",   "huffman",	  "hypatia",
	"iverson",  "jacobi",	 "kepler",   "khwarizmi", "kleene",  "klein",	 "knuth",    "kovalevskaya", "lagrange",
	"lamarr",   "laplace",	 "leibniz",  "liskov",	 "lovelace", "magellan", "markov",   "mauchly",	  "mccarthy",
	"mendeleev", "napier",	 "nansen",   "neumann",	 "newell",   "noether",	 "pascal",   "peano",	  "perlis",
	"poincare", "ramanujan", "riemann",  "ritchie",	 "rossby",   "scott",	 "shackleton", "shannon", "slocum",
	"tasman",   "turing",	 "vancouver", "venn",	 "wilkes",   "wilkinson", "wirth",   "zeno",	  "zuse",
};

int container_name_check(const char *name, struct error *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	size_t len = strlen(name);
	if (len >= NAME_LENGTH_MIN && len <= NAME_LENGTH_MAX && !strchr("_.-", name[0]) && strspn(name, letters) == len)
		return 0;
	err_set(err, ERR_INVALID, "Invalid container name (%.300s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", name);
	if (len < NAME_LENGTH_MIN)
		err_cause(err, "a name has at least %d characters", NAME_LENGTH_MIN);
	else if (len > NAME_LENGTH_MAX)
		err_cause(err, "a name has at most %d characters", NAME_LENGTH_MAX);
	return -ERR_INVALID;
}

char *container_name_generate(int attempt)
{
	uint64_t random = random_u64();
	const char *adjective = ADJECTIVES[random % ARRAY_SIZE(ADJECTIVES)];
	const char *surname = SURNAMES[(random >> 16) % ARRAY_SIZE(SURNAMES)];
	if (attempt < PLAIN_ATTEMPTS)
		return mem_printf("%s_%s", adjective, surname);
	return mem_printf("%s_%s%d", adjective, surname, (int)((random >> 32) % NUMBER_MAX));
}
