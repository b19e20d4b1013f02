# SPDX-License-Identifier: GPL-2.0-only
# lyncxdp: `make` builds build/lyncxdp; `sudo make demo` and `sudo make test` do all their set-up themselves.

PREFIX  ?= /usr/local
DESTDIR ?=
BUILD   ?= build
UNITDIR ?= $(PREFIX)/lib/systemd/system
RULEDIR ?= $(dir $(patsubst %/,%,$(dir $(UNITDIR))))udev/rules.d

CC      := gcc
CLANG   ?= clang-14
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool /sbin/bpftool) bpftool)
VERSION := 0.3.0

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wno-missing-field-initializers -Wmissing-prototypes -Wpointer-arith -Wformat=2 -Wno-format-nonliteral
HARDEN   := -fstack-protector-strong -fPIE -D_FORTIFY_SOURCE=2
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CPPFLAGS := -D_GNU_SOURCE -Iinclude -isystem $(BUILD) -I. -DLYNCXDP_VERSION='"$(VERSION)"' \
            -DLYNCXDP_POLICY_DIR='"$(PREFIX)/share/lyncxdp/policies"'
CFLAGS   ?= -O2 -g
CFLAGS   += -std=gnu11 $(WARNINGS)
LDFLAGS  := -pie -Wl,-z,relro,-z,now
CORE_LIBS   := -lyaml -ljansson -lcrypt
KERNEL_LIBS := -lxdp -lbpf -lmnl -lcap-ng -lseccomp
CLI_LIBS    := -lsmartcols -lmicrohttpd -lpcap -lncursesw

BPF_CFLAGS := -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Werror -Iinclude -Ibpf \
              -idirafter /usr/include/$(shell $(CC) -dumpmachine 2>/dev/null)

# What builds lyncxdp on a fresh Debian 12, what the demo needs besides (its lab), and what the tests need besides both.
PACKAGES := gcc make libc6-dev clang-14 bpftool libbpf-dev libxdp-dev libyaml-dev libjansson-dev \
            libsmartcols-dev libmnl-dev libmicrohttpd-dev libpcap-dev libncurses-dev libcap-ng-dev libseccomp-dev libcrypt-dev
DEMO_PACKAGES := iproute2 ethtool coturn dnsmasq-base sip-tester openssl nginx-light socat curl iputils-ping busybox-static \
            python3-aioice
TEST_PACKAGES := libcriterion-dev llvm-14 procps tmux tshark xz-utils jq valgrind libclang-rt-14-dev nftables \
            iptables openssh-server openssh-client qemu-system-x86 cpio xdp-tools strace prometheus chromium keepalived
LINT_PACKAGES := clang-format-14 clang-tidy-14 cppcheck shellcheck
# Whom the benchmark compares with, beside those that the tests need anyway.
BENCH_PACKAGES := ipset gnuplot-nox
DEB_PACKAGES := build-essential debhelper dpkg-dev fakeroot lintian mmdebstrap

CORE_OBJECTS   := $(patsubst %.c,$(BUILD)/%.o,$(wildcard user/core/*/*.c))
KERNEL_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard user/kernel/*/*.c))
CLI_OBJECTS    := $(patsubst %.c,$(BUILD)/%.o,$(wildcard user/cli/*/*.c))
SKELETONS      := $(patsubst bpf/%.bpf.c,$(BUILD)/%.skel.h,$(wildcard bpf/*.bpf.c)) $(addprefix $(BUILD)/,floor.skel.h drawn.skel.h flood.skel.h)

UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/*.c))
BPF_TESTS  := $(patsubst tests/bpf/%.c,$(BUILD)/tests/bpf/%,$(wildcard tests/bpf/*.c))
FUZZERS    := $(patsubst tests/fuzz/%.c,$(BUILD)/tests/fuzz/%,$(wildcard tests/fuzz/*.c))
FUZZ_SEEDS := $(BUILD)/tests/fuzz/seeds/packets
# Begun first are the longest.
FIRST_TESTS := $(addprefix tests/e2e/,kill.sh exporter.sh inline.sh page.sh)
SHELL_TESTS := $(FIRST_TESTS) $(filter-out $(FIRST_TESTS),$(wildcard tests/e2e/*.sh)) tests/documents/reconcile.sh \
               tests/runner.sh tests/check_layers.sh tests/check_words.sh

# One short line a step; `make V=1` shows the commands.
ifneq ($(V),1)
Q := @
say = @printf '  %-8s %s\n' $(1) $(patsubst $(BUILD)/%,%,$@)
endif

# As many steps at once as there are processors, unless the caller has said how many.
parallel = --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

.PHONY: all build-deps deps demo test test-slow test-kernels check-layers check-words bench flood-updates fuzz lint lint-steps lint-format \
        lint-cppcheck lint-shell fmt install uninstall deb clean tests
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BUILD)/lyncxdp

build-deps:
	@tests/deps.sh $(PACKAGES)

deps:
	@tests/deps.sh $(PACKAGES) $(DEMO_PACKAGES) $(TEST_PACKAGES) $(LINT_PACKAGES) $(DEB_PACKAGES)

# --- The packet path ---------------------------------------------------------------------------------------------

$(BUILD)/%.bpf.o: bpf/%.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/%.skel.h: $(BUILD)/%.bpf.o
	$(call say,SKELETON)
	$(Q){ echo '/* NOLINTBEGIN: generated */'; $(BPFTOOL) gen skeleton $< name $*; echo '/* NOLINTEND */'; } > $@

# --- The command -------------------------------------------------------------------------------------------------

# -MD and not -MMD, which would leave out the skeletons: they count as system headers, and a program changed under bpf/
# would go on in its old form inside a command that make thinks is new.
$(BUILD)/%.o: %.c | $(SKELETONS)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(HARDEN) -MD -MP -c $< -o $@

# The version is part of these.
$(patsubst %.c,$(BUILD)/%.o,$(shell grep -ls LYNCXDP_VERSION user/*/*/*.c)): Makefile

# The exporter's page is part of the binary.
$(BUILD)/user/cli/exporter/page.o: $(wildcard user/share/page/*)

$(BUILD)/core.a: $(CORE_OBJECTS)
	@rm -f $@
	$(call say,AR)
	$(Q)ar rcs $@ $^

$(BUILD)/kernel.a: $(KERNEL_OBJECTS)
	@rm -f $@
	$(call say,AR)
	$(Q)ar rcs $@ $^

$(BUILD)/lyncxdp: $(CLI_OBJECTS) $(BUILD)/kernel.a $(BUILD)/core.a
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) $^ $(CLI_LIBS) $(KERNEL_LIBS) $(CORE_LIBS) -o $@

# --- Tests -------------------------------------------------------------------------------------------------------

# The core once more under the sanitizers; a unit test is linked from this archive and nothing else of ours.
$(BUILD)/sanitized/%.o: %.c | $(SKELETONS)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(SANITIZE) -MD -MP -c $< -o $@

$(BUILD)/sanitized/core.a: $(patsubst $(BUILD)/%,$(BUILD)/sanitized/%,$(CORE_OBJECTS)) \
                           $(patsubst %.c,$(BUILD)/sanitized/%.o,$(wildcard tests/oracle/*.c tests/fixtures/*.c tests/documents/*.c))
	@rm -f $@
	$(call say,AR)
	$(Q)ar rcs $@ $^

$(BUILD)/tests/oracle.a: $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/oracle/*.c tests/fixtures/*.c))
	@mkdir -p $(@D) && rm -f $@
	$(call say,AR)
	$(Q)ar rcs $@ $^

$(BUILD)/tests/unit/%: $(BUILD)/sanitized/tests/unit/%.o $(BUILD)/sanitized/core.a
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(SANITIZE) $^ $(CORE_LIBS) -lcriterion -o $@

# What a packet costs is counted by the benchmark's interpreter.
$(BUILD)/tests/bpf/packet_cost: $(addprefix $(BUILD)/tests/bench/,classes.o loaded.o interpreter.o)

$(BUILD)/tests/bpf/%: $(BUILD)/tests/bpf/%.o $(BUILD)/kernel.a $(BUILD)/tests/oracle.a $(BUILD)/core.a
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) $(filter %.o,$^) $(filter %.a,$^) $(KERNEL_LIBS) $(CORE_LIBS) -lcriterion -o $@

# The core a third time, for the fuzzers.
FUZZ := -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
$(BUILD)/fuzzed/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CLANG) $(CPPFLAGS) -g -std=gnu11 $(FUZZ) -MD -MP -c $< -o $@

$(BUILD)/fuzzed/core.a: $(patsubst %.c,$(BUILD)/fuzzed/%.o,$(wildcard user/core/*/*.c tests/oracle/*.c))
	@rm -f $@
	$(call say,AR)
	$(Q)ar rcs $@ $^

$(BUILD)/tests/fuzz/%: $(BUILD)/fuzzed/tests/fuzz/%.o $(BUILD)/fuzzed/core.a
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CLANG) $(FUZZ) $^ $(CORE_LIBS) -o $@

# Millions of frames a second, for the tests and the benchmark; an archive for those in C, a command for those in shell.
$(BUILD)/flood.bpf.o: tests/flood/flood.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/tests/flood.a: $(BUILD)/tests/flood/flood.o $(BUILD)/tests/flood/statistic.o
	@rm -f $@
	$(call say,AR)
	$(Q)ar rcs $@ $^

$(BUILD)/tests/flood/flood: $(BUILD)/tests/flood/main.o $(BUILD)/tests/flood.a $(BUILD)/core.a
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) $^ $(KERNEL_LIBS) $(CORE_LIBS) -o $@

# Writes inputs for the packet fuzzer to begin with.
$(BUILD)/tests/fuzz/seeds/packets: $(BUILD)/tests/fuzz/seeds/packets.o $(BUILD)/tests/oracle.a $(BUILD)/core.a
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) $^ $(CORE_LIBS) -o $@

tests: all $(UNIT_TESTS) $(BPF_TESTS) $(FUZZERS) $(FUZZ_SEEDS) $(BUILD)/tests/flood/flood

test: deps
	@$(MAKE) $(parallel) tests
	@TEST_SECONDS=900 tests/run $(SHELL_TESTS) tests/fuzz/short.sh $(BPF_TESTS) $(UNIT_TESTS)

# What takes its time: other kernels in emulated machines, fuzzing that has the time to find something, and the package
# in a clean system.
test-slow: deps
	@$(MAKE) $(parallel) tests
	@FUZZ_EACH=60 TEST_SECONDS=1800 tests/run tests/fuzz/short.sh tests/kernels/run.sh tests/kernels/guest.sh tests/package/run.sh

test-kernels: all $(BPF_TESTS)
	@tests/run tests/kernels/run.sh

FUZZ_SECONDS ?= 600
fuzz: $(FUZZERS) $(FUZZ_SEEDS)
	@tests/fuzz/run.sh $(FUZZ_SECONDS) $(FUZZERS)

# Each part writes one document; all together are build/bench.json. Growth has a picture too.
BENCH_PARTS := packets growth end_to_end latency memory

bench: deps
	@tests/deps.sh $(BENCH_PACKAGES)
	@$(MAKE) $(parallel) all $(addprefix $(BUILD)/tests/,bench/packet_cost bench/growth flood/flood)
	@mkdir -p $(BUILD)/bench
	@for part in packets end_to_end latency memory; do tests/bench/$$part.sh >$(BUILD)/bench/$$part.json || exit; done
	@$(BUILD)/tests/bench/growth >$(BUILD)/bench/growth.json
	@tests/bench/picture.sh $(BUILD)/bench/growth.json >$(BUILD)/bench/growth.svg
	@jq -s add $(patsubst %,$(BUILD)/bench/%.json,$(BENCH_PARTS)) >$(BUILD)/bench.json
	@tests/bench/tables.sh $(BUILD)/bench.json
	@echo "The figures are in $(BUILD)/bench.json, the picture of growth in $(BUILD)/bench/growth.svg."

$(BUILD)/floor.bpf.o $(BUILD)/drawn.bpf.o: $(BUILD)/%.bpf.o: tests/bench/%.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o $(addprefix $(BUILD)/tests/bench/,classes.o loaded.o interpreter.o \
                                  results.o) $(BUILD)/core.a
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) $^ $(KERNEL_LIBS) $(CORE_LIBS) -o $@

# A minute of updates under a flood; the tests have a few seconds of it.
flood-updates: all $(BUILD)/tests/flood/flood
	@SECONDS_OF_FLOOD=63 tests/e2e/flood_update.sh

# `user/core` must link without the kernel libraries, and only user/kernel may name them.
check-layers:
	@tests/check_layers.sh

# What strangers read: messages, the manual's version, subjects of commits.
check-words:
	@tests/check_words.sh

demo:
	@tests/deps.sh $(PACKAGES) $(DEMO_PACKAGES)
	@$(MAKE) $(parallel) all
	@tests/lab/demo.sh

# --- Care --------------------------------------------------------------------------------------------------------

C_FILES := $(wildcard bpf/*.[ch] include/lyncxdp/*.h user/*/*/*.[ch] tests/*/*.[ch] tests/fuzz/seeds/*.c)
SHELL_FILES := .ci/run tests/run $(wildcard tests/*.sh tests/*/*.sh user/share/*.bash)

fmt:
	clang-format-14 -i $(C_FILES)

lint: deps
	@$(MAKE) $(parallel) --keep-going lint-steps

lint-steps: check-layers check-words lint-format lint-cppcheck lint-shell $(patsubst %.c,$(BUILD)/lint/%.tidy,$(wildcard user/*/*/*.c))

lint-format:
	$(call say,FORMAT)
	$(Q)clang-format-14 --dry-run --Werror $(C_FILES)

lint-cppcheck:
	$(call say,CPPCHECK)
	@mkdir -p $(BUILD)/lint/cppcheck
	$(Q)cppcheck -j$(shell nproc) --cppcheck-build-dir=$(BUILD)/lint/cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,portability --inline-suppr \
	    --suppress=missingIncludeSystem '-DLIBBPF_OPTS(TYPE,NAME,...)=struct TYPE NAME={__VA_ARGS__}' \
	    '-DDECLARE_LIBXDP_OPTS(TYPE,NAME,...)=struct TYPE NAME={__VA_ARGS__}' -Iinclude -I. user

# Not its notes, which are of style: a jq program in single quotes with a $$ in it is one.
lint-shell:
	$(call say,SHELL)
	$(Q)shellcheck --external-sources --severity=warning $(SHELL_FILES)

# A file is looked at again when it, or a header of it, has changed: then its object is new.
$(BUILD)/lint/%.tidy: $(BUILD)/%.o .clang-tidy
	@mkdir -p $(@D)
	$(call say,TIDY)
	$(Q)clang-tidy-14 --quiet $*.c -- $(CPPFLAGS) -std=gnu11 2>/dev/null
	@touch $@

# --- Installation ------------------------------------------------------------------------------------------------

UNITS := $(patsubst user/share/systemd/%.in,%,$(wildcard user/share/systemd/*.in))

install: all
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/share/lyncxdp/policies/sites \
	    $(DESTDIR)$(PREFIX)/share/lyncxdp/policies/common \
	    $(DESTDIR)$(PREFIX)/share/lyncxdp/prometheus $(DESTDIR)$(PREFIX)/share/lyncxdp/grafana \
	    $(DESTDIR)$(PREFIX)/share/man/man8 $(DESTDIR)$(PREFIX)/share/bash-completion/completions \
	    $(DESTDIR)$(UNITDIR) $(DESTDIR)$(RULEDIR)
	install -m 755 $(BUILD)/lyncxdp $(DESTDIR)$(PREFIX)/sbin/lyncxdp
	install -m 644 policies/*.yaml $(DESTDIR)$(PREFIX)/share/lyncxdp/policies/
	install -m 644 policies/common/*.yaml $(DESTDIR)$(PREFIX)/share/lyncxdp/policies/common/
	install -m 644 policies/sites/* $(DESTDIR)$(PREFIX)/share/lyncxdp/policies/sites/
	install -m 644 user/share/prometheus/lyncxdp.rules.yml $(DESTDIR)$(PREFIX)/share/lyncxdp/prometheus/
	install -m 644 user/share/grafana/lyncxdp.json $(DESTDIR)$(PREFIX)/share/lyncxdp/grafana/
	install -m 644 user/share/lyncxdp.8 $(DESTDIR)$(PREFIX)/share/man/man8/lyncxdp.8
	install -m 644 user/share/lyncxdp.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/lyncxdp
	for unit in $(UNITS); do \
	    sed -e 's,@PREFIX@,$(PREFIX),g' -e '/^@CONFINEMENT@$$/{r user/share/systemd/confinement' -e 'd}' \
	        user/share/systemd/$$unit.in >$(BUILD)/$$unit && \
	    install -m 644 $(BUILD)/$$unit $(DESTDIR)$(UNITDIR)/$$unit || exit 1; \
	done
	install -m 644 user/share/udev/*.rules $(DESTDIR)$(RULEDIR)/

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/sbin/lyncxdp $(DESTDIR)$(PREFIX)/share/man/man8/lyncxdp.8 \
	    $(DESTDIR)$(PREFIX)/share/bash-completion/completions/lyncxdp \
	    $(addprefix $(DESTDIR)$(UNITDIR)/,$(UNITS)) \
	    $(patsubst user/share/udev/%,$(DESTDIR)$(RULEDIR)/%,$(wildcard user/share/udev/*.rules))
	rm -rf $(DESTDIR)$(PREFIX)/share/lyncxdp

# A package of what is here, checked by lintian.
PACKAGE := $(BUILD)/deb/lyncxdp-$(VERSION)
deb:
	@tests/deps.sh $(PACKAGES) $(DEB_PACKAGES)
	@rm -rf $(BUILD)/deb && mkdir -p $(PACKAGE)
	@tar -c Makefile README.md LICENSE bpf include policies tests user | tar -x -C $(PACKAGE)
	@mv $(PACKAGE)/user/share/debian $(PACKAGE)/debian
	@sed -i -e 's/@VERSION@/$(VERSION)/' -e "s/@DATE@/$$(LC_ALL=C date -R -r user/share/debian/changelog)/" $(PACKAGE)/debian/changelog
	cd $(PACKAGE) && dpkg-buildpackage -b -us -uc
	lintian --fail-on error,warning --info $(BUILD)/deb/lyncxdp_*.changes
	@echo "The package is $$(ls $(BUILD)/deb/lyncxdp_*.deb)."

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -path $(BUILD)/deb -prune -o -name '*.d' -type f -print 2>/dev/null)
