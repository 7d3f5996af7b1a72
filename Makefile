# npsd: build, test and run. `make help` lists what there is to ask for.

VERSION = 0.1.0
PREFIX ?= /usr/local
CC = gcc
# Empty for the plain build, or what gcc's -fsanitize= takes: address,undefined or thread.
SANITIZER ?=
# Every kind of build has a folder of its own, so that they never mix.
comma := ,
BUILD = build$(if $(SANITIZER),/$(subst $(comma),-,$(SANITIZER)))
JOBS := $(shell nproc)

# pkg-config is asked once, and only by a build: it may not be installed before `make run`.
LIBS = libmicrohttpd jansson libpq libsodium sqlite3 zlib
TEST_LIBS = check libcurl
LIBS_CFLAGS = $(eval LIBS_CFLAGS := $$(shell pkg-config --cflags $(LIBS)))$(LIBS_CFLAGS)
LIBS_LDLIBS = $(eval LIBS_LDLIBS := $$(shell pkg-config --libs $(LIBS)))$(LIBS_LDLIBS)
TEST_CFLAGS = $(eval TEST_CFLAGS := $$(shell pkg-config --cflags $(TEST_LIBS)))$(TEST_CFLAGS)
TEST_LDLIBS = $(eval TEST_LDLIBS := $$(shell pkg-config --libs $(TEST_LIBS)))$(TEST_LDLIBS)

WARNINGS = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wwrite-strings \
	-Wformat=2 -Wundef -Wpointer-arith -Wcast-qual -Werror
HARDENING = -fstack-protector-strong -fPIE
# Sanitizers replace what _FORTIFY_SOURCE checks, and miss what it has wrapped.
OPTIMIZE = $(if $(SANITIZER),-O1 -g -fno-omit-frame-pointer,-O2 -g -D_FORTIFY_SOURCE=2)
# The compiler's guesses about value ranges are false alarms in instrumented code; the plain build has them.
SANITIZE = $(if $(SANITIZER),-fsanitize=$(SANITIZER) -fno-sanitize-recover=all -Wno-format-truncation)
NPSD_CPPFLAGS = -D_GNU_SOURCE -DNPSD_VERSION='"$(VERSION)"' -Iinclude -include npsd/banned.h
NPSD_CFLAGS = -std=gnu17 $(OPTIMIZE) $(WARNINGS) $(HARDENING) $(SANITIZE) $(EXTRA_CFLAGS) $(LIBS_CFLAGS)
NPSD_LDFLAGS = -pie -Wl,-z,relro,-z,now $(SANITIZE) $(EXTRA_LDFLAGS)
LDLIBS = $(LIBS_LDLIBS) -lm -lpthread

SRC := $(filter-out src/main.c,$(wildcard src/*.c src/*/*.c))
SQL := $(wildcard sql/*.sql)
# What browsers get: each file, and the parts under src/page that it is joined from, in their order.
ASSETS = \
	page.css=page.css \
	icon.svg=icon.svg \
	survey.js=outbox.js,survey.js,kiosk.js \
	worker.js=worker.js \
	embed.js=outbox.js,embed_*.js,embed.js \
	demo.html=demo.html \
	demo.css=demo.css \
	demo.js=demo.js
UNIT := $(wildcard tests/unit/test_*.c)
API := $(wildcard tests/api/test_*.c)
SUPPORT := $(wildcard tests/support/*.c)
SCRIPTS = $(wildcard deploy/*.sh tests/*.sh tests/*/*.sh .ci/run)
C_FILES = $(wildcard src/*.c src/*/*.c src/*/*.h include/npsd/*.h include/npsd/*/*.h tests/*/*.c tests/*/*.h \
	tests/bench/peers/*.c)

TIDY = $(patsubst %,tidy/%,$(filter %.c,$(C_FILES)))

object = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
UNIT_PROGRAMS = $(UNIT:%.c=$(BUILD)/%)
API_PROGRAMS = $(API:%.c=$(BUILD)/%)
# What the benchmark needs: build/, whatever the build.
BENCH_PROGRAMS = $(patsubst %.c,build/%,$(wildcard tests/bench/*.c tests/bench/peers/*.c))
# The clients and the proxy of the fault tests.
FAULT_PROGRAMS = build/tests/fault/load build/tests/fault/proxy build/tests/fault/hold build/tests/fault/rough \
	build/tests/fault/starve.so
PROGRAMS = $(UNIT_PROGRAMS) $(API_PROGRAMS)
SANITIZED = build/address-undefined
# What npm has installed for the tests of the pages, by the lock file.
WEB_PACKAGES = tests/web/node_modules/.package-lock.json

LIB_OBJECTS = $(call object,$(SRC)) $(BUILD)/gen/migrations.o $(BUILD)/gen/assets.o

# One short line a step; V=1 shows the whole commands.
Q = $(if $(V),,@)
SAY = @printf '  %-8s %s\n'

MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: FORCE all lib tests run test test-web test-faults fault-programs bench bench-scale bench-peers bench-away \
	bench-mixed fuzz fuzz-programs check-layers check-mutants test-mutants \
	check-unit check-tsan check-valgrind coverage lint \
	tidy $(TIDY) format install packages clean help

all: $(BUILD)/npsd  ## build build/npsd (the default); SANITIZER=address,undefined or thread: apart

run:  ## install what is missing, build, and serve with a private PostgreSQL until Ctrl-C
	@deploy/packages.sh run
	@$(MAKE) -j$(JOBS) SANITIZER= all
	@exec deploy/run.sh

# The API tests run twice: the plain build shows what users get, the sanitized one what luck was hiding. Unit tests run
# sanitized; once more plain those with cases that sanitizers do not allow (they never refuse memory).
PLAIN_UNIT = $(shell grep -l __SANITIZE $(UNIT))
# What takes longest begins first, and the quick faults, which measure times, come last and alone.
LONG = tests/web/run.mjs $(SANITIZED)/tests/api/test_roles $(SANITIZED)/tests/api/test_http_vectors
TESTS = $(PLAIN_UNIT:%.c=build/%) $(API:%.c=build/%) $(UNIT:%.c=$(SANITIZED)/%) $(API:%.c=$(SANITIZED)/%)

test:  ## install what is missing, build, and run every test, sanitized, and those of the API plain as well
	@deploy/packages.sh test web
	@$(MAKE) -j$(JOBS) SANITIZER= all $(PLAIN_UNIT:%.c=build/%) $(API:%.c=build/%) check-layers check-mutants \
		$(if $(wildcard /usr/bin/systemd-analyze),check-unit) $(WEB_PACKAGES)
	@$(MAKE) -j$(JOBS) SANITIZER=address,undefined tests
	@$(MAKE) -j$(JOBS) $(FUZZ_BUILD) fuzz-programs
	@$(MAKE) fault-programs
	@FUZZ_SECONDS=5 exec tests/run.sh $(LONG) $(filter-out $(LONG),$(TESTS)) tests/fuzz/run.sh tests/fault/quick.sh

test-web:  ## the tests of the pages alone, in a real browser; WORDS="kiosk shots" picks some
	@deploy/packages.sh run web
	@$(MAKE) -j$(JOBS) SANITIZER= all $(WEB_PACKAGES)
	@NPSD_TEST_WORDS='$(WORDS)' tests/run.sh tests/web/run.mjs

# The clients, and the daemon that ends at chosen places: the plain one but for the files that have such places.
fault-programs:
	@$(MAKE) -j$(JOBS) SANITIZER= all build/fault/npsd $(FAULT_PROGRAMS) build/tests/unit/test_pg_faults \
		build/tests/unit/test_batch_faults

FAULT_OBJECTS = $(patsubst %.c,build/fault/obj/%.o,$(shell grep -l npsd/base/fault.h $(SRC)))

test-faults:  ## the whole fault matrix (tests/fault): some 26 minutes, most of it as root only
	@deploy/packages.sh faults
	@$(MAKE) fault-programs
	@exec tests/fault/run.sh

bench:  ## measure the daemon under load (tests/bench)
	@deploy/packages.sh bench
	@$(MAKE) -j$(JOBS) SANITIZER= all
	@exec tests/bench/run.sh

bench-scale:  ## what numbers cost with up to 100 million answers: half an hour, 60 GB of disk
	@deploy/packages.sh bench
	@$(MAKE) -j$(JOBS) SANITIZER= all
	@exec tests/bench/scale.sh

bench-peers:  ## the daemon beside fastify with pg, pgbench and a bare libmicrohttpd: six minutes
	@deploy/packages.sh peers
	@$(MAKE) -j$(JOBS) SANITIZER= all $(BENCH_PROGRAMS)
	@exec tests/bench/peers.sh

bench-mixed:  ## answers and polls at a steady pace, and the daemon's memory: seven minutes
	@deploy/packages.sh bench
	@$(MAKE) -j$(JOBS) SANITIZER= all $(BENCH_PROGRAMS)
	@exec tests/bench/mixed.sh

bench-away:  ## PostgreSQL away for five minutes under 2,000 answers a second: seven minutes
	@deploy/packages.sh bench
	@$(MAKE) -j$(JOBS) SANITIZER= all $(BENCH_PROGRAMS)
	@exec tests/bench/away.sh

# clang's fuzzer; the library is built for it apart. FUZZ_SECONDS is the time for each target.
fuzz:  ## give the parsers of untrusted bytes a minute of wrong ones each
	@deploy/packages.sh fuzz
	@$(MAKE) -j$(JOBS) $(FUZZ_BUILD) fuzz-programs
	@exec tests/fuzz/run.sh

FUZZ := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_BUILD = CC=clang SANITIZER=fuzzer-no-link,address,undefined BUILD=build/fuzz EXTRA_CFLAGS='-Wno-unknown-warning-option -Wno-unknown-attributes'

check-layers:  ## who may include whom
	@deploy/check-layers.sh

test-mutants:  ## the fault rows against daemons with one promise broken each: five minutes, as root
	@deploy/packages.sh faults
	@tests/fault/mutants.sh

# A control that does not fit the sources any more shows nothing.
check-mutants:
	@for patch in tests/fault/mutants/*.patch; do \
		patch --dry-run --strip=1 --silent <$$patch >/dev/null || { echo "$$patch does not fit the sources"; exit 1; }; done

check-tsan:  ## the API tests with the thread sanitizer
	@deploy/packages.sh test
	@$(MAKE) -j$(JOBS) SANITIZER=thread tests
	@exec tests/run.sh $(API:%.c=build/thread/%)

check-valgrind:  ## the API tests with the daemon under valgrind
	@deploy/packages.sh valgrind
	@$(MAKE) -j$(JOBS) SANITIZER= tests
	@NPSD_TEST_WRAPPER='$(VALGRIND)' CK_TIMEOUT_MULTIPLIER=20 NPSD_TEST_SECONDS=1800 \
		tests/run.sh $(API:%.c=build/%)

VALGRIND = valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \
	--suppressions=$(CURDIR)/tests/support/valgrind.supp

coverage:  ## which lines of src/ the unit and API tests run, worst file first; fails below 90 %
	@deploy/packages.sh coverage
	@$(MAKE) -j$(JOBS) $(COVERAGE) tests
	@exec tests/coverage.sh build/coverage $(UNIT:%.c=build/coverage/%) $(API:%.c=build/coverage/%)

# Without optimization the compiler guesses lengths of texts worse than in the plain build, which has the warning.
COVERAGE = SANITIZER= BUILD=build/coverage OPTIMIZE='-O0 -g' \
	EXTRA_CFLAGS='--coverage -fprofile-update=atomic -Wno-format-truncation' EXTRA_LDFLAGS=--coverage

check-unit:  ## the systemd unit: well-formed, and tight
	$(SAY) UNIT deploy/npsd.service
	@deploy/check-unit.sh

lint:  ## clang-tidy, cppcheck, shellcheck, the format and the systemd unit, all without a finding
	@deploy/packages.sh lint
	@$(MAKE) check-unit
	$(SAY) FORMAT
	$(Q)clang-format --dry-run -Werror $(C_FILES)
	$(SAY) SHELL
	$(Q)shellcheck $(SCRIPTS)
	$(SAY) CPPCHECK
	$(Q)cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --inline-suppr \
		--std=c11 -j$(JOBS) -Iinclude src
	@$(MAKE) -j$(JOBS) -k tidy

format:  ## clang-format, in place
	@clang-format -i $(C_FILES)

install: all  ## npsd into $(DESTDIR)$(PREFIX)/bin
	install -D -m 755 $(BUILD)/npsd $(DESTDIR)$(PREFIX)/bin/npsd

packages:  ## install the Debian packages for all of this
	@deploy/packages.sh run test web bench lint valgrind coverage

clean:  ## delete what was built; var/ stays
	rm -rf build

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

tidy: $(TIDY)
$(TIDY): tidy/%:
	$(SAY) TIDY $*
	$(Q)clang-tidy --quiet $* -- $(NPSD_CPPFLAGS) -Itests -std=gnu17 $(LIBS_CFLAGS) $(TEST_CFLAGS)

lib: $(BUILD)/libnpsd.a

tests: $(BUILD)/npsd $(PROGRAMS)

fuzz-programs: $(FUZZ:%.c=$(BUILD)/%)

# --- how things are built ---

$(BUILD)/npsd: $(call object,src/main.c) $(BUILD)/libnpsd.a
	$(SAY) LINK $@
	$(Q)$(CC) $(NPSD_LDFLAGS) -o $@ $^ $(LDLIBS)

# The archive has the same files without such places; the linker takes what it has found first.
build/fault/npsd: build/obj/src/main.o $(FAULT_OBJECTS) build/libnpsd.a
	$(SAY) LINK $@
	$(Q)$(CC) $(NPSD_LDFLAGS) -o $@ $^ $(LDLIBS)

build/fault/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(NPSD_CPPFLAGS) -DNPSD_TEST_FAULTS $(NPSD_CFLAGS) -MMD -MP -c -o $@ $<

# The archive is made anew, also when a source file has gone.
$(BUILD)/libnpsd.a: $(LIB_OBJECTS) $(BUILD)/objects.list
	$(SAY) AR $@
	@rm -f $@
	$(Q)ar rcs $@ $(LIB_OBJECTS)

$(BUILD)/objects.list: FORCE
	@mkdir -p $(@D)
	@echo '$(LIB_OBJECTS)' | cmp -s - $@ || echo '$(LIB_OBJECTS)' >$@

$(BUILD)/obj/tests/%.o: tests/%.c Makefile
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(NPSD_CPPFLAGS) -Itests $(NPSD_CFLAGS) $(TEST_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(NPSD_CPPFLAGS) $(NPSD_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/gen/migrations.c: FORCE
	@mkdir -p $(@D)
	@deploy/embed-sql.sh $(SQL) >$@.new
	@cmp -s $@.new $@ || cp $@.new $@

$(BUILD)/gen/migrations.o: $(BUILD)/gen/migrations.c $(SQL) Makefile
	$(SAY) CC $@
	$(Q)$(CC) $(NPSD_CPPFLAGS) $(NPSD_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/gen/assets.c: FORCE
	@mkdir -p $(@D)
	@deploy/embed-assets.sh src/page $(BUILD)/gen/assets $(ASSETS) >$@.new
	@cmp -s $@.new $@ || cp $@.new $@

$(BUILD)/gen/assets.o: $(BUILD)/gen/assets.c Makefile
	$(SAY) CC $@
	$(Q)$(CC) $(NPSD_CPPFLAGS) $(NPSD_CFLAGS) -MMD -MP -c -o $@ $<

# An archive, so that a test which brings its own directory, say, is not given the real one as well.
$(BUILD)/libunit.a: $(call object,$(filter tests/support/unit%,$(SUPPORT)))
	$(SAY) AR $@
	@rm -f $@
	$(Q)ar rcs $@ $^

$(UNIT_PROGRAMS): $(BUILD)/%: $(BUILD)/obj/%.o $(BUILD)/libunit.a $(BUILD)/libnpsd.a
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(CC) $(NPSD_LDFLAGS) -o $@ $^ $(TEST_LDLIBS) $(LDLIBS)

$(API_PROGRAMS): $(BUILD)/%: $(BUILD)/obj/%.o $(call object,$(SUPPORT)) $(BUILD)/libnpsd.a
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(CC) $(NPSD_LDFLAGS) -o $@ $^ $(TEST_LDLIBS) $(LDLIBS)

$(BENCH_PROGRAMS): build/%: build/obj/%.o
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(CC) $(NPSD_LDFLAGS) -o $@ $^ $(LDLIBS)

build/tests/fault/load: build/obj/tests/fault/load.o build/obj/tests/fault/work.o build/obj/tests/fault/exchange.o
build/tests/fault/proxy: build/obj/tests/fault/proxy.o build/obj/tests/fault/exchange.o
build/tests/fault/hold: build/obj/tests/fault/hold.o build/obj/tests/fault/exchange.o
build/tests/fault/rough: build/obj/tests/fault/rough.o build/obj/tests/fault/exchange.o
build/tests/fault/starve.so: tests/fault/starve.c
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(CC) -std=gnu17 -O2 $(WARNINGS) -fPIC -shared -o $@ $<

$(filter-out %.so,$(FAULT_PROGRAMS)):
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(CC) $(NPSD_LDFLAGS) -o $@ $^ $(LDLIBS)

$(FUZZ:%.c=$(BUILD)/%): $(BUILD)/%: $(BUILD)/obj/%.o $(BUILD)/obj/tests/fuzz/fuzz.o $(BUILD)/libnpsd.a
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(CC) $(NPSD_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LDLIBS)

$(WEB_PACKAGES): tests/web/package-lock.json
	$(SAY) NPM tests/web
	$(Q)cd tests/web && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error >/dev/null
	@touch $@

-include $(wildcard $(BUILD)/obj/src/*.d $(BUILD)/obj/*/*/*.d $(BUILD)/gen/*.d build/fault/obj/*/*/*.d)
