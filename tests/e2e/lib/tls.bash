# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Certificates for cases about TLS, in the folder of the run. Needs the openssl program.

new_key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)

# authority NAME: NAME.pem, and NAME.key.
authority() {
  openssl req -x509 "${new_key[@]}" -subj "/CN=$1" -days 99 -keyout "$1.key" -out "$1.pem" 2>/dev/null
}

# signed FILE NAME [DAYS [SERIAL]]: FILE.pem has a key and its certificate, which $CA, or ca, has signed.
signed() {
  openssl req "${new_key[@]}" -subj "/CN=$2" -keyout key.tmp -out req.tmp 2>/dev/null
  openssl x509 -req -in req.tmp -CA "${CA:-ca}.pem" -CAkey "${CA:-ca}.key" -set_serial "${4:-2}" -days "${3:-90}" \
    -extfile <(printf 'subjectAltName = %s\n' "${NAMES:-DNS:$2}") -out cert.tmp 2>/dev/null
  cat cert.tmp key.tmp >"$1.pem"
  chmod 600 "$1.pem"
}

# revoking SERIAL: crl.pem
revoking() {
  printf 'V\t491231235959Z\t\t03\tunknown\t/CN=x\nR\t491231235959Z\t240101000000Z\t%s\tunknown\t/CN=jo\n' "$1" >index.txt
  printf '[ca]\ndefault_ca = d\n[d]\ndatabase = index.txt\ndefault_md = sha256\ndefault_crl_days = 9\n' >ca.cnf
  openssl ca -config ca.cnf -gencrl -cert ca.pem -keyfile ca.key -out crl.pem 2>/dev/null
}

# s_client PORT OPTION...: sends standard input, and prints what comes back until the server's end; with -no_ign_eof until there
# is no more to send.
s_client() {
  local port=$1
  shift
  timeout 60 openssl s_client -connect "127.0.0.1:$port" -CAfile ca.pem -quiet "$@" 2>/dev/null || true
}

# How long a client keeps its side open for an answer, in seconds: with a sanitizer both sides are slow.
answer_time=0.5
if grep -q -a -F -e __asan_init -e __tsan_init "$BIN"; then answer_time=4; fi

# s_echo PORT OPTION...: what an echo service says to a line.
s_echo() {
  (echo hello; sleep "$answer_time") | s_client "$@" -no_ign_eof
}
