# SPDX-License-Identifier: Apache-2.0
#
# The front door; meson and ninja do the work.
#
#   make              release build in build/
#   make deps         install the Debian packages that the build needs (root)
#   make try          deps, build, and a first container that says who and where it is (root)
#   make install      DESTDIR= PREFIX=/usr
#
#   make deps-test    install what the tests need in addition (root)
#   make check        deps-test, build with sanitizers, run all tests (root); T="e2e/pull unit" runs some
#   make check-vm     the tests that need another kernel or cgroup layout, in a guest
#   make fuzz         every fuzz target for FUZZ_SECONDS=60
#   make bench        time coffer against the kernel's own floor and other runtimes (root)
#   make analyze      gcc -fanalyzer, clang-tidy, cppcheck, shellcheck
#   make format       clang-format, in place
#   make clean        remove the build directories

PREFIX ?= /usr
DESTDIR ?=
FUZZ_SECONDS ?= 60
T ?=

# Configuration and data stay in /etc and /var, which meson would move along with the prefix.
DIRS = -Dprefix=$(PREFIX) -Dsysconfdir=/etc -Dlocalstatedir=/var
SANITIZE = -Db_sanitize=address,undefined -Doptimization=1

.PHONY: all deps deps-test try install check check-build check-vm fuzz fuzz-build bench analyze format clean

all: build/build.ninja
	@ninja -C build

# A directory that meson could not finish is no build directory; the next try starts anew.
build/build.ninja:
	@meson setup build $(DIRS) || { rm -rf build; exit 1; }

build-check/build.ninja:
	@meson setup build-check -Dtests=true $(SANITIZE) || { rm -rf build-check; exit 1; }

build-fuzz/build.ninja:
	@CC=clang meson setup build-fuzz -Dfuzz=true $(SANITIZE) || { rm -rf build-fuzz; exit 1; }

check-build: build-check/build.ninja
	@ninja -C build-check

fuzz-build: build-fuzz/build.ninja
	@ninja -C build-fuzz

deps:
	@scripts/deps build

deps-test:
	@scripts/deps build test

# The packages come first, whatever -j says: hence a second make and not a second prerequisite.
try: deps
	@$(MAKE) --no-print-directory all
	@scripts/try build/src/programs

check: deps-test
	@$(MAKE) --no-print-directory all check-build fuzz-build
	@tests/run build-check $(T)

check-vm: all
	@if [ -x tests/vm/run ]; then tests/vm/run build && tests/vm/run --systemd build; else echo "make check-vm: there is no tests/vm/run yet"; fi

fuzz: fuzz-build
	@FUZZ_SEED=$${FUZZ_SEED:-0} FUZZ_SECONDS=$(FUZZ_SECONDS) tests/run build-fuzz fuzz

bench: all
	@if [ -x bench/run ]; then bench/run build; else echo "make bench: there is no bench/run yet"; fi

# The programs know where their helpers are, so another prefix is another build.
install: build/build.ninja
	@grep -qF 'LIBEXECDIR "$(PREFIX)/libexec/coffer"' build/src/build-config.h || \
		meson configure build $(DIRS)
	@ninja -C build
	@DESTDIR=$(DESTDIR) meson install -C build --no-rebuild

analyze:
	@scripts/analyze

format:
	@find src tests bench -name '*.[ch]' -exec clang-format -i {} +

clean:
	rm -rf build build-*
