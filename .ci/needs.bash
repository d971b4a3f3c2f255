# What .ci/test needs from the machine, and how to get it. To be sourced.

# One line for each thing that is needed and could not be had.
missing=""

# need NAME CHECK DEBIAN_PACKAGE BREW_FORMULA: installs the package unless CHECK succeeds.
need() {
  local name="$1" check="$2" debian="$3" brew="$4"
  "$check" && return
  echo "make test: installing $name" >&2
  install_package "$debian" "$brew" >&2 || true
  "$check" && return
  lack "$name is not installed and could not be installed"
}

lack() {
  echo "make test: $1" >&2
  missing="$missing$1"$'\n'
}

install_package() {
  if command -v apt-get >/dev/null; then
    as_root apt-get update -q || echo "going on with the package lists of last time" >&2
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$1"
  elif command -v brew >/dev/null; then
    brew install "$2"
  else
    echo "neither apt-get nor brew is here to install $1" >&2
    return 1
  fi
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "not root, and no sudo to run: $*" >&2
    return 1
  fi
}

has_compiler() {
  command -v "${CC:-gcc}" >/dev/null || command -v clang >/dev/null
}

has_redis() {
  command -v redis-server >/dev/null
}

has_python() {
  command -v python3 >/dev/null
}

has_node() {
  command -v node >/dev/null && node -e 'process.exit(typeof fetch === "function" ? 0 : 1)'
}
has_curl() { command -v curl >/dev/null; }
has_npm() { command -v npm >/dev/null; }

has_chromium() { command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null; }
has_prometheus() { command -v prometheus >/dev/null && command -v promtool >/dev/null; }
has_nginx() { command -v nginx >/dev/null; }

has_amtool() { command -v amtool >/dev/null; }

# PostgreSQL's server programs are often installed outside PATH; this puts them there.
has_postgres() {
  command -v initdb >/dev/null && return
  local bin
  for bin in /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin; do
    if [ -x "$bin/initdb" ]; then
      export PATH="$PATH:$bin"
      return
    fi
  done
  return 1
}

# Acceptance tests run the program that TF_ACC_TERRAFORM_PATH names, the first of several with colons between them; what only
# some of them can do is tried with each. OpenTofu looks for
# providers in a registry of its own, which the tests have to claim to be.
need_terraform() {
  if [ -z "${TF_ACC_TERRAFORM_PATH:-}" ]; then
    TF_ACC_TERRAFORM_PATH="$(go run ./internal/terraform/find)" ||
      lack "neither Terraform nor OpenTofu is installed, and Terraform could not be downloaded"
    export TF_ACC_TERRAFORM_PATH
  fi
  # Settings that are gone make OpenTofu complain where the tests expect its version.
  [ -e "${TF_CLI_CONFIG_FILE:-/}" ] || unset TF_CLI_CONFIG_FILE
  case "${TF_ACC_TERRAFORM_PATH%%:*}" in
  *tofu) export TF_ACC_PROVIDER_NAMESPACE=hashicorp TF_ACC_PROVIDER_HOST=registry.opentofu.org ;;
  esac
}
