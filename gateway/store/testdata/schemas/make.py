#!/usr/bin/env python3
"""Fills a database by a gateway's own program and dumps it, for the test that brings it up to date:

    make.py PROGRAM [POSTGRES_URL]

PROGRAM is bin/bursar of the release; POSTGRES_URL names an empty database. It writes DIALECT/VERSION.sql.gz and
DIALECT/VERSION.json, what the gateway said of it. Needs sqlite3 and pg_dump. Run it once for each release.
"""
import gzip, http.server, json, os, pathlib, socket, subprocess, sys, tempfile, threading, time, urllib.error, urllib.request

HERE = pathlib.Path(__file__).parent
ADMIN = "sk-admin-of-the-dumps-0123456789"
KEY = "sk-caller-of-the-dumps-0123456789"
SECRET = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
CONFIG = """models:
  - name: gpt-4.1-mini
    base_url: %s
    price: {input_per_million_usd: 10000, output_per_million_usd: 10000}
"""
# What has to work on every release; anything else may be news to an old one.
NEEDED = ("/team/new", "/key/generate", "/budget/new", "/alert_route/new", "/chat/completions")


class Provider(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        usage = {"prompt_tokens": 5, "completion_tokens": 7, "input_tokens": 5, "output_tokens": 7, "total_tokens": 12}
        answer = json.dumps({"id": "resp_1", "object": "response", "status": "completed", "model": "m", "usage": usage, "output": [],
                             "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def ask(url, path, body=None, key=ADMIN):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, {"Authorization": "Bearer " + key, "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refused:
        text = refused.read().decode()
        print(f"{path}: {refused.code} {text[:150]}", file=sys.stderr)
        if path.endswith(NEEDED):
            raise SystemExit(f"{path} has to work")


def fill(url):
    ask(url, "/team/new", {"team_id": "marketing", "team_alias": "Marketing", "max_budget": 50, "soft_budget": 40, "budget_duration": "30d",
                           "rpm_limit": 1000, "tpm_limit": 1000000, "metadata": {"cost_center": "42"}})
    ask(url, "/team/new", {"team_id": "research", "models": ["gpt-4.1-mini"], "max_parallel_requests": 9, "budget_duration": "1mo", "max_budget": 5})
    ask(url, "/user/new", {"user_id": "zoe", "user_email": "zoe@example.com", "max_budget": 5})
    ask(url, "/team/member_add", {"team_id": "marketing", "member": {"user_id": "zoe", "role": "user"}, "max_budget_in_team": 2})
    ask(url, "/key/generate", {"key": KEY, "team_id": "marketing", "key_alias": "app", "max_budget": 20})
    ask(url, "/key/generate", {"team_id": "research", "duration": "30d"})
    ask(url, "/budget/new", {"budget_id": "pot", "team_ids": ["marketing", "research"], "max_budget": 100, "alert_thresholds": [0.00001, 0.8], "budget_duration": "7d"})
    ask(url, "/budget/new", {"budget_id": "terms", "max_budget": 7})
    ask(url, "/alert_route/new", {"name": "oncall", "webhook": {"url": "https://alerts.example.com/hook"}})
    ask(url, "/admin_key/new", {"admin_key_alias": "reviews", "role": "viewer"})
    ask(url, "/model/new", {"model_name": "stored", "upstream": "openai", "base_url": "https://api.example.com/v1", "api_key": "sk-provider-secret", "upstream_model": "m",
                            "price": {"input_per_million_usd": 1, "output_per_million_usd": 2}})
    for number in range(3):
        ask(url, "/v1/chat/completions", {"model": "gpt-4.1-mini", "max_tokens": 20, "user": "end-user", "messages": [{"role": "user", "content": f"call {number}"}]}, KEY)
    ask(url, "/v1/responses", {"model": "gpt-4.1-mini", "max_output_tokens": 20, "input": "hello", "store": True}, KEY)
    ask(url, "/team/update", {"team_id": "research", "max_budget": 6})
    ask(url, "/team/block", {"team_id": "research"})
    ask(url, "/budget/reset", {"team_id": "marketing", "reset_to": 0.25})
    return {"spend_usd": ask(url, "/team/info?team_id=marketing")["spend"]}


def run(program, record, provider, dir):
    port = free_port()
    config = dir / "gateway.yaml"
    config.write_text(CONFIG % provider)
    env = dict(os.environ, BURSAR_LISTEN=f"127.0.0.1:{port}", BURSAR_ADMIN_KEY=ADMIN, BURSAR_DATA_DIR=str(dir), BURSAR_SECRET_KEY=SECRET,
               BURSAR_DATABASE_URL=record, BURSAR_DRAIN_DELAY="0s", BURSAR_REDIS_URL="")
    gateway = subprocess.Popen([program, "serve", "--config", str(config)], env=env, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    for _ in range(200):
        try:
            urllib.request.urlopen(url + "/health/readiness").close()
            break
        except OSError:
            time.sleep(0.1)
    said = fill(url)
    gateway.terminate()
    if gateway.wait(60) != 0:
        raise SystemExit("the gateway did not stop well")
    return said


def keep(dialect, version, dump, said, counts):
    folder = HERE / dialect
    folder.mkdir(exist_ok=True)
    said["rows"] = counts
    (folder / f"{version:05}.json").write_text(json.dumps(said, indent=1, sort_keys=True) + "\n")
    with gzip.GzipFile(folder / f"{version:05}.sql.gz", "wb", compresslevel=9, mtime=0) as file:
        file.write(dump.encode())
    print(f"{dialect} {version}: {counts}")


def dumped(query, list_tables, dump):
    tables = [t for t in query(list_tables).split() if not t.startswith(("sqlite_", "goose_"))]
    counts = {t: int(query(f"SELECT count(*) FROM {t}")) for t in tables}
    return int(query("SELECT max(version_id) FROM goose_db_version")), dump, counts


def main():
    program = os.path.abspath(sys.argv[1])
    provider = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    threading.Thread(target=provider.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{provider.server_port}/v1"
    out = lambda *command: subprocess.run(command, check=True, capture_output=True, text=True).stdout
    with tempfile.TemporaryDirectory() as dir:
        file = dir + "/bursar.db"
        said = run(program, "sqlite:" + file, address, pathlib.Path(dir))
        version, dump, counts = dumped(lambda q: out("sqlite3", file, q), "SELECT name FROM sqlite_master WHERE type = 'table'", out("sqlite3", file, ".dump"))
        keep("sqlite", version, dump, said, counts)
    if len(sys.argv) > 2:
        with tempfile.TemporaryDirectory() as dir:
            said = run(program, sys.argv[2], address, pathlib.Path(dir))
            # What psql alone understands, and what settings a session has, is left out.
            dump = out("pg_dump", "--inserts", "--no-owner", "--no-privileges", "--schema=public", sys.argv[2])
            lines = [l for l in dump.splitlines() if not l.startswith(("--", "\\", "SET ", "CREATE SCHEMA", "SELECT pg_catalog.set_config"))]
            version, dump, counts = dumped(lambda q: out("psql", "-Atc", q, sys.argv[2]), "SELECT tablename FROM pg_tables WHERE schemaname = 'public'", "\n".join(lines))
            keep("postgres", version, dump, said, counts)


main()
