package app_test

// peopleExamples are requests about members, users and admin keys.
var peopleExamples = []example{
	{
		pattern: "POST /team/member_add", bad: `{"team_id":"team-a"}`, status: 400,
		body: `{"team_id":"team-a","member":[{"role":"user","user_id":"ann"},{"role":"user","user_email":"bob@example.com"}],"max_budget_in_team":5}`,
	},
	{
		pattern: "POST /team/bulk_member_add", bad: `{"team_id":"none","members":[{"role":"user","user_id":"ann"}]}`, status: 404,
		body: `{"team_id":"team-a","members":[{"role":"user","user_id":"ann"},{"role":"user","user_id":"cat"}],"rpm_limit":9}`,
	},
	{
		pattern: "POST /team/member_update", body: `{"team_id":"team-a","user_id":"ann","role":"admin","tpm_limit":7}`,
		bad: `{"team_id":"team-a","user_id":"nobody"}`, status: 400,
	},
	{pattern: "POST /team/member_delete", body: `{"team_id":"team-a","user_id":"cat"}`, bad: `{"team_id":"team-a","user_id":"cat"}`, status: 400},
	{pattern: "GET /team/permissions_list", query: "?team_id=team-a", bad: "?team_id=none", status: 404},
	{
		pattern: "POST /team/permissions_update", body: `{"team_id":"team-a","team_member_permissions":["/key/info"]}`,
		bad: `{"team_id":"team-a","team_member_permissions":["/team/new"]}`, status: 400,
	},
	{pattern: "POST /team/model/add", body: `{"team_id":"team-b","models":["one","two"]}`, bad: `{"team_id":"none","models":["one"]}`, status: 404},
	{pattern: "POST /team/model/delete", body: `{"team_id":"team-b","models":["one"]}`, bad: `{"team_id":"none","models":["one"]}`, status: 404},
	{pattern: "GET /team/available"},
	{
		pattern: "POST /user/new", body: `{"user_id":"dan","user_email":"dan@example.com","max_budget":5,"teams":["team-a"]}`,
		bad: `{"user_id":"dan"}`, status: 400,
	},
	{pattern: "GET /user/info", query: "?user_id=dan", bad: "?user_id=nobody", status: 404},
	{pattern: "GET /user/list", query: "?team=team-a", bad: "?page=0", status: 400},
	{pattern: "POST /user/update", body: `{"user_id":"dan","rpm_limit":5}`, bad: `{"user_id":"nobody"}`, status: 404},
	{pattern: "POST /user/delete", body: `{"user_ids":["dan"]}`, bad: `{"user_ids":["dan"]}`, status: 404},
	{pattern: "POST /admin_key/new", body: `{"role":"team_admin","team_ids":["team-a"],"duration":"1d"}`, save: "admin_key_id=admin_key", bad: `{"role":"root"}`, status: 400},
	{pattern: "GET /admin_key/list"},
	{pattern: "GET /admin_key/info", query: "?admin_key_id={admin_key}", bad: "?admin_key_id=none", status: 404},
	{pattern: "POST /admin_key/update", body: `{"admin_key_id":"{admin_key}","role":"viewer","team_ids":[]}`, bad: `{"admin_key_id":"none"}`, status: 404},
	{pattern: "POST /admin_key/rotate", body: `{"admin_key_id":"{admin_key}","grace_period":"1h"}`, bad: `{"admin_key_id":"none"}`, status: 404},
	{pattern: "POST /admin_key/delete", body: `{"admin_key_ids":["{admin_key}"]}`, bad: `{"admin_key_ids":["none"]}`, status: 404},
}
