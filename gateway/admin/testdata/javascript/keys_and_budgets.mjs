// The requests of LiteLLM's pages on virtual keys, teams and budgets, as a JavaScript client sends them.

const BASE_URL = "http://0.0.0.0:4000";

const headers = {
  "Authorization": "Bearer sk-admin-xxx",
  "Content-Type": "application/json",
};

async function post(path, body) {
  const response = await fetch(`${BASE_URL}${path}`, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  });
  if (!response.ok) {
    const { error } = await response.json();
    throw new Error(`${path}: ${error.code} ${error.type} ${error.message}`);
  }
  return response.json();
}

async function get(path, parameters = {}) {
  const response = await fetch(`${BASE_URL}${path}?${new URLSearchParams(parameters)}`, { headers });
  if (!response.ok) {
    const { error } = await response.json();
    throw new Error(`${path}: ${error.code} ${error.type} ${error.message}`);
  }
  return response.json();
}

// A team with a budget, and a budget of its own for a key.
const team = await post("/team/new", {
  team_alias: "my-new-team",
  max_budget: 10,
  budget_duration: "30d",
  tpm_limit: 20,
  rpm_limit: 4,
});
console.log(`team ${team.team_alias}: $${team.spend} of $${team.max_budget}`);

const budget = await post("/budget/new", { budget_id: "my-free-tier", max_budget: 4, budget_duration: "30d" });
console.log(`budget ${budget.budget_id}: $${budget.max_budget}`);

// Keys: one of the team, one with a budget, one for a service.
const key = await post("/key/generate", {
  models: ["gpt-3.5-turbo", "gpt-4"],
  metadata: { user: "ishaan@berri.ai" },
  team_id: team.team_id,
  duration: "30d",
  key_alias: "my-key",
});
console.log(`key starts with ${key.key.slice(0, 3)}, is named ${key.key_alias}, ends: ${key.expires !== null}`);

await post("/key/generate", { budget_id: budget.budget_id, user_id: "my-free-user" });

const service = await post("/key/service-account/generate", {
  team_id: team.team_id,
  metadata: { service_account_id: "service-1" },
});
console.log(`service account's user: ${service.user_id}`);

const { info } = await get("/key/info", { key: key.key });
console.log(`spend ${info.spend}, models ${info.models.join(", ")}, user ${info.metadata.user}`);

// LiteLLM's token is the hash of the key; either names it.
const updated = await post("/key/update", { key: key.token, max_budget: 5, rpm_limit: 2 });
console.log(`key may spend $${updated.max_budget} at ${updated.rpm_limit} requests a minute`);

const many = await post("/key/bulk_update", { keys: [{ key: key.key, max_budget: 6 }, { key: "sk-not-there", max_budget: 1 }] });
console.log(`${many.successful_updates.length} of ${many.total_requested} keys updated, ${many.failed_updates[0].failed_reason}`);

const list = await get("/key/list", { team_id: team.team_id, return_full_object: true, page: 1, size: 10 });
console.log(`${list.total_count} keys on ${list.total_pages} page: ${list.keys.map((one) => one.key_alias ?? "none").sort().join(", ")}`);

const rotated = await post(`/key/${key.token}/regenerate`, {});
console.log(`regenerated: ${rotated.key !== key.key}, same token: ${rotated.token === key.token}`);

const budgets = await post("/budget/info", { budgets: ["my-free-tier"] });
console.log(`budgets: ${budgets.map((one) => one.budget_id).join(", ")}`);

try {
  await post("/key/generate", { key_alias: "my-key" });
} catch (refusal) {
  console.log(refusal.message);
}
try {
  await post("/key/generate", { team_id: team.team_id, rpm_limit: 5 });
} catch (refusal) {
  console.log(refusal.message);
}

await post("/key/block", { key: rotated.key });
const deleted = await post("/key/delete", { key_aliases: ["my-key"] });
console.log(`deleted ${deleted.deleted_keys.join(", ")}`);
const { deleted_teams } = await post("/team/delete", { team_ids: [team.team_id] });
console.log(`deleted ${deleted_teams.length} team`);
