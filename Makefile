# Autodidact: `make` builds build/autodidact, `make help` lists the rest.
#
# The library is every .c below src/ (kernels once per instruction set), the command is cli/ and zoo/.

VERSION := $(shell sed -n 's/^\#define AD_VERSION "\(.*\)"/\1/p' include/autodidact/base.h)
SOVERSION := $(word 1,$(subst ., ,$(VERSION))).$(word 2,$(subst ., ,$(VERSION)))

MODE   ?= release
BUILD  ?= build$(if $(filter-out release,$(MODE)),-$(MODE))
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share
ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif

WARN   := -Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes -Wvla
ifneq ($(findstring clang,$(shell $(CC) --version 2>/dev/null)),)
WARN   += -Wno-pass-failed # a loop that the optimizer did not vectorise though it was allowed to
else
WARN   += -Wno-format-truncation # cutting text to its buffer is what snprintf is for
endif
CSTD   := -std=c11 -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE
# No contraction or reassociation behind our back: the same source gives the same bits everywhere.
SANITIZE    := -g -fno-omit-frame-pointer -fno-sanitize-recover=all -ffp-contract=off
OPT_release := -O2 -g -fno-math-errno -ffp-contract=off
OPT_asan    := -O1 $(SANITIZE) -fsanitize=address,undefined
OPT_tsan    := -O1 $(SANITIZE) -fsanitize=thread
OPT_fuzz    := -O1 $(SANITIZE) -fsanitize=fuzzer-no-link,address,undefined
CFLAGS_ALL   = $(CSTD) $(WARN) $(OPT_$(MODE)) -fvisibility=hidden -fPIC -pthread -Iinclude -Isrc -I. $(CFLAGS) $(WERROR)
LIBS        := -lpng -ljpeg -lwebp -lzip -ljansson -larchive -lpcre2-8 -lutf8proc -lz -lm -lpthread

LIB_SRC    := $(filter-out src/device/cpu/kernels/%,$(shell find src -name '*.c' | sort))
KERNEL_SRC := $(sort $(wildcard src/device/cpu/kernels/*.c))
CLI_SRC    := $(shell find cli $(wildcard zoo) -name '*.c' | sort)

# Each kernel source is compiled once per instruction set (see src/device/cpu/simd.h).
ISAS := scalar
ifneq ($(filter x86_64 amd64,$(shell $(CC) -dumpmachine 2>/dev/null | cut -d- -f1)),)
ISAS += avx2 avx512 avx512bf16
endif
ifneq ($(filter aarch64 arm64,$(shell $(CC) -dumpmachine 2>/dev/null | cut -d- -f1)),)
ISAS += neon
endif
ISA_scalar     := -DAD_KERNEL_ISA=0
ISA_avx2       := -DAD_KERNEL_ISA=1 -mavx2 -mfma -mf16c
ISA_avx512     := -DAD_KERNEL_ISA=2 -mavx2 -mfma -mf16c -mavx512f -mavx512bw -mavx512dq -mavx512vl
ISA_avx512bf16 := -DAD_KERNEL_ISA=3 -mavx2 -mfma -mf16c -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512bf16 \
    -mamx-tile -mamx-bf16
ISA_neon       := -DAD_KERNEL_ISA=4
KERNEL_OPT_release := -O3

LIB_OBJ    := $(LIB_SRC:%.c=$(BUILD)/%.o) $(foreach isa,$(ISAS),$(KERNEL_SRC:%.c=$(BUILD)/%.$(isa).o))
CLI_OBJ    := $(CLI_SRC:%.c=$(BUILD)/%.o)
LIB        := $(BUILD)/libautodidact.a
SHARED     := libautodidact.so.$(VERSION)

all: $(BUILD)/autodidact $(BUILD)/$(SHARED)
lib: $(LIB)

# ---- building ---------------------------------------------------------------------------------------

# Rewritten when the compiler, its flags or the list of objects change, so that what depends on them is
# made again.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D); echo '$(CC) $(CFLAGS_ALL)' | cmp -s - $@ || echo '$(CC) $(CFLAGS_ALL)' >$@
$(BUILD)/objects: FORCE
	@mkdir -p $(@D); echo '$(LIB_OBJ)' | cmp -s - $@ || echo '$(LIB_OBJ)' >$@

$(LIB): $(LIB_OBJ) $(BUILD)/objects
	@rm -f $@; ar rcs $@ $(LIB_OBJ)

$(BUILD)/$(SHARED): $(LIB_OBJ) $(BUILD)/objects
	$(CC) $(CFLAGS_ALL) -shared -Wl,-soname,libautodidact.so.$(SOVERSION) -o $@ $(LIB_OBJ) $(LDFLAGS) $(LIBS)

$(BUILD)/autodidact: $(CLI_OBJ) $(LIB)
	$(CC) $(CFLAGS_ALL) -o $@ $(CLI_OBJ) $(LIB) $(LDFLAGS) $(LIBS)

$(BUILD)/zoo/vision/embedded.o: $(wildcard zoo/backbone/*.safetensors)
$(BUILD)/src/page/page.o: src/page/page.html
$(BUILD)/src/draw/letters.o: src/draw/letters.ttf

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

define kernel_rule
$(BUILD)/src/device/cpu/kernels/%.$(1).o: src/device/cpu/kernels/%.c $(BUILD)/flags
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS_ALL) $$(KERNEL_OPT_$(MODE)) $$(ISA_$(1)) -MMD -MP -c -o $$@ $$<
endef
$(foreach isa,$(ISAS),$(eval $(call kernel_rule,$(isa))))

$(BUILD)/tests/%.o: tests/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -Itests -MMD -MP -c -o $@ $<

# A program of one file, tests/unit/X.c -> tests/X and likewise for the other folders. Its object lies
# apart: a change of the library links the programs again and compiles none of them.
define program_rule
$(BUILD)/$(2)/%: $(BUILD)/$(1)/%.o $(4) $(LIB)
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS_ALL) $(3) -o $$@ $$< $(4) $(LIB) $$(LDFLAGS) $$(LIBS)
endef
ZOO_OBJ := $(filter $(BUILD)/zoo/%,$(CLI_OBJ))
$(eval $(call program_rule,tests/unit,tests))
$(eval $(call program_rule,tests/zoo,tests,,$(ZOO_OBJ)))
$(eval $(call program_rule,tests/data,tests-data))
$(eval $(call program_rule,tests/fuzz,fuzz,-fsanitize=fuzzer,$(ZOO_OBJ)))
$(eval $(call program_rule,tests/peers,peers,,$(ZOO_OBJ)))
$(eval $(call program_rule,bench,bench,,$(ZOO_OBJ)))
$(eval $(call program_rule,examples,examples))
SCENE_SRC := $(sort $(wildcard examples/scene/*.c))
$(BUILD)/examples/scene: $(SCENE_SRC) examples/scene/scene.h $(LIB) $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -o $@ $(SCENE_SRC) $(LIB) $(LDFLAGS) $(LIBS)

CHECK_KERNELS_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/kernels/*.c)))
$(BUILD)/tests/check_kernels: $(CHECK_KERNELS_OBJ) $(LIB)
	$(CC) $(CFLAGS_ALL) -o $@ $(CHECK_KERNELS_OBJ) $(LIB) $(LDFLAGS) $(LIBS)

programs = $(patsubst $(1)/%.c,$(BUILD)/$(2)/%,$(sort $(wildcard $(1)/*.c)))

UNIT_BIN    := $(call programs,tests/unit,tests) $(call programs,tests/zoo,tests)
TEST_BIN    := $(UNIT_BIN) $(BUILD)/tests/check_kernels
DATA_BIN    := $(call programs,tests/data,tests-data)
FUZZ_BIN    := $(call programs,tests/fuzz,fuzz)
BENCH_BIN   := $(call programs,bench,bench)
EXAMPLE_BIN := $(call programs,examples,examples) $(BUILD)/examples/scene
CLI_TESTS   := $(sort $(wildcard tests/cli/*.sh))

tests: $(TEST_BIN)
examples: $(EXAMPLE_BIN)
fuzzers: $(FUZZ_BIN)

# ---- testing ----------------------------------------------------------------------------------------

deps:
	@CC='$(CC)' tools/deps build

# Every test; the last line is the total.
test: deps
	@$(MAKE) --no-print-directory all tests examples
	@LIBRARY=$(LIB) AUTODIDACT=$(BUILD)/autodidact EXAMPLES=$(BUILD)/examples CC='$(CC)' BUILD='$(BUILD)' \
	    tests/run tests/rooms.sh $(TEST_BIN) $(CLI_TESTS)

# The unit tests alone, which is what the sanitizer builds run.
test-unit: $(UNIT_BIN)
	@tests/run $(UNIT_BIN)

# Tests against real data sets and published weights.
DATA ?= ../shared/data
test-data: deps
	@if [ ! -d '$(DATA)' ]; then \
	    echo "no data folder at $(DATA); name one: make test-data DATA=folder"; exit 1; fi
	@$(MAKE) --no-print-directory all $(DATA_BIN)
	@AUTODIDACT=$(BUILD)/autodidact tests/run arg:$(DATA) $(DATA_BIN) $(sort $(wildcard tests/data/*.sh))

# Against PyTorch itself: PYTHON needs torch, torchvision, safetensors, numpy and transformers.
PYTHON ?= python3
PEERS  ?= $(BUILD)/peers-data
test-peers: $(BUILD)/peers/vgg19 $(BUILD)/autodidact
	@[ -f $(PEERS)/expected.npz ] || $(PYTHON) tests/oracle/vgg19.py $(PEERS)
	@tests/run arg:$(PEERS) $(BUILD)/peers/vgg19
	@AUTODIDACT=$(BUILD)/autodidact $(PYTHON) tests/oracle/gpt_read_back.py

# ---- figures that others have published ----------------------------------------------------------------

# nanoGPT's recipe for a laptop.
SHAKESPEARE ?= $(DATA)/text_lm/tinyshakespeare.txt
PRECISION ?= f32
reproduce-shakespeare: all
	@if [ ! -f '$(SHAKESPEARE)' ]; then \
	    echo "no $(SHAKESPEARE): put data/tinyshakespeare/input.txt of github.com/karpathy/char-rnn there, or SHAKESPEARE=file"; exit 1; fi
	@rm -rf $(BUILD)/shakespeare
	@$(BUILD)/autodidact gpt train --data '$(SHAKESPEARE)' --run $(BUILD)/shakespeare --layers 4 --heads 4 --width 128 \
	    --block 64 --batch 12 --steps 2000 --lr 1e-3 --min-lr 1e-4 --warmup 100 --beta2 0.99 --weight-decay 0.1 --clip 1 \
	    --eval-every 250 --checkpoint-minutes 0 --precision $(PRECISION) | tee $(BUILD)/shakespeare.txt
	@awk '$$1 == "validation_loss" { loss = $$2 } $$1 == "whole_validation_loss" { whole = $$2 } $$1 == "seconds" { seconds = $$2 } \
	    END { printf "validation loss %.3f over 20 batches, %.3f over all of the part, in %.0f s; nanoGPT: 1.88 in about 3 minutes\n", loss, whole, seconds }' \
	    $(BUILD)/shakespeare.txt

MNIST ?= $(DATA)/mnist
reproduce-mnist: all
	@if [ ! -d '$(MNIST)' ]; then \
	    echo "no $(MNIST): put MNIST's four *-ubyte files (or .gz) there, or MNIST=folder"; exit 1; fi
	@rm -rf $(BUILD)/mnist
	@$(BUILD)/autodidact classify train --data '$(MNIST)' --run $(BUILD)/mnist --epochs 8 --val 0 --lr 2e-3 --warmup 0.1 \
	    --shift 2 --rotate 10 --zoom 0.1 --dropout 0.4 --ema 0.995 | tee $(BUILD)/mnist.txt
	@awk '$$1 == "test_accuracy" { a = $$2 } $$1 == "seconds" { s = $$2 } \
	    END { printf "test accuracy %.2f %% in %.0f s; LeCun et al. 1998: 99.05 %% (LeNet-5), wanted 99.3 %%\n", 100 * a, s }' $(BUILD)/mnist.txt

CIFAR ?= $(DATA)/cifar10_jpeg
reproduce-cifar10: all
	@if [ ! -e '$(CIFAR)' ]; then \
	    echo "no $(CIFAR): put CIFAR-10's binary version or its pictures in class folders there, or CIFAR=path"; exit 1; fi
	@rm -rf $(BUILD)/cifar
	@$(BUILD)/autodidact classify train --data '$(CIFAR)' --run $(BUILD)/cifar --model vgg --epochs 30 --val 0 --optimizer sgd \
	    --lr 0.15 --weight-decay 5e-4 --schedule one-cycle --crop 4 --flip --label-smoothing 0.1 \
	    --precision $(PRECISION) | tee $(BUILD)/cifar.txt
	@awk '$$1 == "test_accuracy" { a = $$2 } $$1 == "seconds" { s = $$2 } \
	    END { printf "test accuracy %.2f %% in %.0f s; wanted on CIFAR-10 as JPEG: 88 %% in 2400 s on 2 cores\n", 100 * a, s }' $(BUILD)/cifar.txt

# Labels in glasses.csv beside the pictures; people of a test part are in no training.
GLASSES ?= $(DATA)/faces_olivetti_orl
reproduce-glasses: all
	@if [ ! -f '$(GLASSES)/glasses.csv' ]; then \
	    echo "no $(GLASSES)/glasses.csv: put the ORL faces (s1/1.pgm ..., or an archive of them) there with a table of orl_file, person, glasses, or GLASSES=folder"; exit 1; fi
	@rm -rf $(BUILD)/glasses
	@$(BUILD)/autodidact classify train --data '$(GLASSES)' --run $(BUILD)/glasses --model vgg --size 48 --grey --batch 32 --epochs 60 \
	    --val 0 --folds 5 --lr 2e-3 --weight-decay 0.05 --warmup 0.1 --ema 0.99 --dropout 0.3 --label-smoothing 0.05 \
	    --flip --shift 4 --rotate 12 --zoom 0.15 --jitter 0.3 --cutout 8 | tee $(BUILD)/glasses.txt
	@face=$$(ls '$(GLASSES)'/*.pgm '$(GLASSES)'/*/*.pgm 2>/dev/null | head -1); \
	if [ -z "$$face" ] && tar -xf '$(GLASSES)/orl_faces_pgm.tar.xz' -C $(BUILD) s2/1.pgm; then face=$(BUILD)/s2/1.pgm; fi; \
	$(BUILD)/autodidact classify predict $(BUILD)/glasses/fold-0 "$$face" --saliency $(BUILD)/glasses/looks.png
	@awk '$$1 == "test_balanced_accuracy" { a = $$2; d = $$4 } $$1 == "test_area_under_roc" { r = $$2 } $$1 == "seconds" { s = $$2 } \
	    END { printf "balanced accuracy %.1f +- %.1f %%, area under the ROC curve %.3f, mean of 5 folds by person, %.0f s each; wanted 95 %%\n", 100 * a, 100 * d, r, s }' $(BUILD)/glasses.txt

PLANETOID ?= $(DATA)/graphs_planetoid
reproduce-cora: all
	@if [ ! -f '$(PLANETOID)/ind.cora.graph' ]; then \
	    echo "no $(PLANETOID)/ind.cora.graph: put the ind.cora.* files of github.com/kimiyoung/planetoid there, or PLANETOID=folder"; exit 1; fi
	@rm -rf $(BUILD)/cora
	@$(BUILD)/autodidact graph train --data '$(PLANETOID)' --dataset cora --run $(BUILD)/cora --seeds 10 --threads 1 | tee $(BUILD)/cora.txt
	@awk '$$1 == "test_accuracy" { a = $$2; d = $$4 } $$1 == "seconds" { s = $$2 } $$1 == "steps" { n = $$2 } \
	    END { printf "test accuracy %.2f +- %.2f %%, mean of 10 seeds, %.0f epochs in %.1f s each on one core; Velickovic et al. 2018: 83.0 +- 0.7 %%\n", 100 * a, 100 * d, n, s }' $(BUILD)/cora.txt

TU ?= $(DATA)/graphs_tu
reproduce-tu: all
	@if [ ! -d '$(TU)' ]; then \
	    echo "no $(TU): put MUTAG.txt and PROTEINS.txt of github.com/muhanzhang/pytorch_DGCNN there, or TU=folder"; exit 1; fi
	@rm -rf $(BUILD)/mutag $(BUILD)/proteins
	@$(BUILD)/autodidact graph train --data '$(TU)' --dataset MUTAG --model gin --layers 3 --width 32 --dropout 0.5 --lr 3e-3 \
	    --weight-decay 0 --val 0 --patience 0 --epochs 100 --schedule cosine --ema 0.98 --folds 10 --run $(BUILD)/mutag --quiet | tee $(BUILD)/tu.txt
	@$(BUILD)/autodidact graph train --data '$(TU)' --dataset PROTEINS --model gin --layers 4 --width 32 --dropout 0.5 --lr 3e-3 \
	    --weight-decay 0 --val 0 --patience 0 --epochs 30 --schedule cosine --folds 10 --run $(BUILD)/proteins --quiet | tee -a $(BUILD)/tu.txt
	@awk '$$1 == "test_accuracy" { a[++n] = $$2; d[n] = $$4 } END { \
	    printf "MUTAG %.1f +- %.1f %%, PROTEINS %.1f +- %.1f %%, last weights, 10 folds\n", 100 * a[1], 100 * d[1], 100 * a[2], 100 * d[2]; \
	    print "Xu et al. 2019 (best epoch over the folds): 89.4 +- 5.6, 76.2 +- 2.8; Errica et al. 2020 (by validation): PROTEINS 73.3 +- 4.0" }' $(BUILD)/tu.txt

# Event files read by TensorBoard itself: PYTHON needs tensorboard and pillow.
test-tensorboard: $(BUILD)/peers/events
	@rm -rf $(BUILD)/peers-events && mkdir -p $(BUILD)/peers-events
	@$(BUILD)/peers/events $(BUILD)/peers-events
	@$(PYTHON) tests/oracle/events.py read $(BUILD)/peers-events

# The page of a run in a browser: CHROMIUM names one.
test-browser: all
	@AUTODIDACT=$(BUILD)/autodidact tests/run tests/browser/report.sh

# ---- the embedded network ---------------------------------------------------------------------------

# Trains it anew (docs/backbone.md): PHOTOS is a folder of photos, TEACHER a compact VGG-19 encoder.
FIT = $(BUILD)/autodidact backbone fit --data '$(PHOTOS)' --teacher '$(TEACHER)'
backbone: all
	$(FIT) --match convs --lr 3e-3 --steps 6000 -o $(BUILD)/fit-1.safetensors
	$(FIT) --match relus --lr 1e-3 --steps 5000 --start $(BUILD)/fit-1.safetensors -o $(BUILD)/fit-2.safetensors
	$(FIT) --match relus --lr 1e-3 --steps 2400 --seed 1 --start $(BUILD)/fit-2.safetensors -o $(BUILD)/fit-3.safetensors
	$(BUILD)/autodidact convert $(BUILD)/fit-3.safetensors zoo/backbone/compact.safetensors --dtype f16

# ---- showing ----------------------------------------------------------------------------------------

# A picture painted by the program itself, or make demo CONTENT=photo.jpg STYLE=painting.jpg.
DEMO := demo
demo: deps
	@$(MAKE) --no-print-directory -s all $(BUILD)/examples/scene
	@mkdir -p $(DEMO)
ifeq ($(and $(CONTENT),$(STYLE)),)
	@$(BUILD)/examples/scene photo $(DEMO)/content.png
	@$(BUILD)/examples/scene painting $(DEMO)/style.png
endif
	@$(BUILD)/autodidact style make '$(or $(CONTENT),$(DEMO)/content.png)' '$(or $(STYLE),$(DEMO)/style.png)' \
	    --steps 200 -o $(DEMO)/painted.png
	@echo "The picture is $(CURDIR)/$(DEMO)/painted.png (from $(or $(CONTENT),$(DEMO)/content.png) and $(or $(STYLE),$(DEMO)/style.png))."

# ---- checking ---------------------------------------------------------------------------------------

FORMATTED := $(filter-out tests/fixtures/%,$(shell find include src cli tests $(wildcard zoo bench examples) -name '*.[ch]' | sort))

format:
	clang-format -i $(FORMATTED)

check-format:
	@clang-format --dry-run -Werror $(FORMATTED)

check-cppcheck:
	@cppcheck --quiet --std=c11 --language=c --enable=warning --inline-suppr --error-exitcode=1 \
	    --suppressions-list=tests/cppcheck.txt -j$$(nproc) -Iinclude -Isrc -I. -DAD_KERNEL_ISA=0 -D__x86_64__ -D__GNUC__=12 \
	    src cli $(wildcard zoo bench examples)

TIDY_SRC := $(LIB_SRC) $(KERNEL_SRC) $(CLI_SRC)
check-tidy:
	@echo $(TIDY_SRC) | tr ' ' '\n' | xargs -P$$(nproc) -n4 sh -c \
	    'clang-tidy --quiet --warnings-as-errors="*" "$$@" -- $(CSTD) -DAD_KERNEL_ISA=0 -Iinclude -Isrc -I. 2>/dev/null' tidy

# Address and undefined-behaviour checks of every unit test and of the command; thread checks of some.
check-asan:
	@$(MAKE) --no-print-directory MODE=asan BUILD=$(BUILD)-asan -s test-unit
# Under the thread sanitizer what runs on several threads, not each shape of each kernel.
TSAN := pool loader plan_threads program resample optim lbfgs layers kernel_windows kernel_rows
check-tsan:
	@$(MAKE) --no-print-directory MODE=tsan BUILD=$(BUILD)-tsan -s $(addprefix $(BUILD)-tsan/tests/,$(TSAN) chain reduce gemm)
	@tests/run $(addprefix $(BUILD)-tsan/tests/,$(TSAN)) arg:threads $(addprefix $(BUILD)-tsan/tests/,chain reduce) \
	    arg:thin $(BUILD)-tsan/tests/gemm

# Every solver of every instruction set of this machine on other problems than `make test` has, or more; what
# each costs. KERNELS='--rounds 100 --seed 7 --only matmul' and the like.
check-kernels: $(BUILD)/tests/check_kernels
	@$< $(KERNELS)

# The NEON kernels on another processor family: cross-compiled with what they need of the library, run
# under qemu-user (Debian: gcc-aarch64-linux-gnu, qemu-user).
NEON_CC    ?= aarch64-linux-gnu-gcc
NEON_RUN   ?= qemu-aarch64
NEON_SRC   := $(filter src/base/% src/graph/% src/ops/% src/plan/% src/device/%,$(LIB_SRC))
NEON_TESTS := vmath gemm conv attention graph_attention chain reduce kernel_moves kernel_rows kernel_sparse kernel_windows cpu_device pool
check-neon:
	@command -v $(NEON_CC) $(NEON_RUN) >/dev/null || { echo "check-neon wants $(NEON_CC) and $(NEON_RUN)"; exit 1; }
	@$(MAKE) -s CC=$(NEON_CC) BUILD=$(BUILD)/neon LIB_SRC='$(NEON_SRC)' LDFLAGS=-static LIBS='-lm -lpthread' \
	    $(NEON_TESTS:%=$(BUILD)/neon/tests/%) $(BUILD)/neon/tests/check_kernels
	@for t in $(NEON_TESTS); do echo "$$t, neon:"; $(NEON_RUN) $(BUILD)/neon/tests/$$t || exit 1; done
	@$(NEON_RUN) $(BUILD)/neon/tests/check_kernels --isa neon --rounds 4 $(KERNELS)

check: check-format check-cppcheck check-tidy check-kernels check-asan check-tsan

# Each fuzz target for SECONDS seconds, from the fixtures; what it finds is left in the build folder.
SECONDS ?= 30
fuzz:
	@CC=clang tools/deps check
	@$(MAKE) --no-print-directory -s MODE=fuzz BUILD=$(BUILD)-fuzz CC=clang fuzzers
	@tests/fuzz/run $(BUILD)-fuzz/fuzz $(SECONDS)

bench: $(BENCH_BIN)
	@for b in $(BENCH_BIN); do $$b || exit 1; done

# Every workload of `autodidact bench` beside PyTorch's, or WORKLOADS="gat gpt2:bf16".
bench-peers: all
	@bench/peers/run $(WORKLOADS)

# ---- installing -------------------------------------------------------------------------------------

INSTALL ?= install
D := $(DESTDIR)
install: all
	$(INSTALL) -d $(D)$(BINDIR) $(D)$(LIBDIR)/pkgconfig $(D)$(INCLUDEDIR)/autodidact $(D)$(DATADIR)/man/man1 \
	    $(D)$(DATADIR)/bash-completion/completions
	$(INSTALL) -m 755 -s $(BUILD)/autodidact $(D)$(BINDIR)/autodidact
	$(INSTALL) -m 644 $(LIB) $(D)$(LIBDIR)/libautodidact.a
	$(INSTALL) -m 755 -s $(BUILD)/$(SHARED) $(D)$(LIBDIR)/$(SHARED)
	ln -sf $(SHARED) $(D)$(LIBDIR)/libautodidact.so.$(SOVERSION)
	ln -sf $(SHARED) $(D)$(LIBDIR)/libautodidact.so
	$(INSTALL) -m 644 include/autodidact/*.h $(D)$(INCLUDEDIR)/autodidact
	printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$(LIBDIR)' 'includedir=$(INCLUDEDIR)' '' 'Name: autodidact' \
	    'Description: machine learning systems and their engine' 'Version: $(VERSION)' \
	    'Libs: -L$${libdir} -lautodidact' 'Libs.private: $(LIBS)' 'Cflags: -I$${includedir}' \
	    >$(D)$(LIBDIR)/pkgconfig/autodidact.pc
	$(BUILD)/autodidact help --man >$(D)$(DATADIR)/man/man1/autodidact.1
	$(BUILD)/autodidact help --completion bash >$(D)$(DATADIR)/bash-completion/completions/autodidact
	[ -n '$(D)' ] || ! [ -w /etc/ld.so.cache ] || ldconfig

uninstall:
	rm -f $(D)$(BINDIR)/autodidact $(D)$(LIBDIR)/libautodidact.a $(D)$(LIBDIR)/libautodidact.so* \
	    $(D)$(LIBDIR)/pkgconfig/autodidact.pc $(D)$(DATADIR)/man/man1/autodidact.1 \
	    $(D)$(DATADIR)/bash-completion/completions/autodidact
	rm -rf $(D)$(INCLUDEDIR)/autodidact

help:
	@echo 'make              the command and the library, in $(BUILD)/'
	@echo 'make demo         paint a picture (CONTENT=photo STYLE=painting: of yours)'
	@echo 'make test         every test; needs no data and no network'
	@echo 'make test-data    tests against real data (DATA=folder, $(DATA))'
	@echo 'make test-peers   tests against PyTorch (PYTHON=python3 with torch, torchvision, safetensors, transformers)'
	@echo 'make reproduce-mnist, -cifar10, -glasses, -shakespeare, -cora, -tu   a published figure, reached again (DATA=folder)'
	@echo 'make test-browser the page of a run in a browser without a screen (CHROMIUM=program)'
	@echo 'make check        format, static analysis, sanitizers'
	@echo 'make check-kernels   each kernel of each instruction set against the scalar one, and its cost'
	@echo 'make check-neon      the same for NEON, cross-compiled, with qemu-user'
	@echo 'make format       lay the sources out with clang-format'
	@echo 'make fuzz         each parser fuzzed for SECONDS=$(SECONDS)'
	@echo 'make bench        measure the kernels'
	@echo 'make bench-peers  measure the workloads beside PyTorch (WORKLOADS="style gpt2:bf16"; about an hour for all)'
	@echo 'make examples     the small programs of examples/'
	@echo 'make backbone     train the embedded network anew (PHOTOS=folder TEACHER=weights)'
	@echo 'make install      to PREFIX=$(PREFIX), below DESTDIR= if given; make uninstall'
	@echo 'make clean        remove what was built'
	@echo 'CC=gcc|clang chooses the compiler, MODE=release|asan|tsan the kind of build.'

clean:
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-tsan $(BUILD)-fuzz

FORCE:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
.PHONY: all lib tests examples fuzzers deps test test-unit test-data test-peers reproduce-mnist reproduce-cifar10 \
    reproduce-glasses reproduce-shakespeare reproduce-cora reproduce-tu backbone demo format check \
    check-format check-cppcheck check-tidy check-kernels check-neon \
    check-asan check-tsan fuzz bench bench-peers install uninstall help clean FORCE
.SECONDARY:
