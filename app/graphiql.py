"""The query page of development. Without the public network, where GraphiQL's scripts are, a plain editor serves."""

from strawberry.http.ides import get_graphql_ide_html

_OWN_URL = 'window.location.href.split("?")[0]'

_PLAIN_EDITOR = """
<script>
if (!window.GraphiQL) {
  document.body.innerHTML = `
    <style>
      body { font: 14px/1.5 sans-serif; margin: 0; height: 100vh; display: grid; gap: 8px; padding: 8px;
             box-sizing: border-box; grid-template: auto 1fr auto / 1fr 1fr; }
      textarea, pre { font: 13px/1.5 monospace; margin: 0; padding: 8px; border: 1px solid #bbb; overflow: auto;
                      width: 100%; height: 100%; box-sizing: border-box; resize: none; }
      header { grid-column: 1 / 3; display: flex; gap: 8px; } header input { flex: 1; font: inherit; }
      pre { grid-row: 2 / 4; grid-column: 2; }
    </style>
    <header><input id="token" placeholder="Bearer token (anju token --as LOGIN)">
      <button id="run">Run (Ctrl+Enter)</button><button id="schema">Schema</button></header>
    <textarea id="query" spellcheck="false">{ __typename }</textarea><pre id="result"></pre>
    <textarea id="variables" rows="6" spellcheck="false" placeholder="variables (JSON)"></textarea>`;
  const at = (id) => document.getElementById(id);
  const show = (value) => { at("result").textContent = JSON.stringify(value, null, 2); };
  async function ask(query, variables) {
    const headers = { "content-type": "application/json", accept: "application/graphql-response+json" };
    if (at("token").value) headers.authorization = "Bearer " + at("token").value.trim();
    const body = JSON.stringify({ query, variables });
    return (await fetch("/graphql", { method: "POST", headers, body })).json();
  }
  async function run() {
    try { show(await ask(at("query").value, JSON.parse(at("variables").value || "{}"))); }
    catch (error) { show(String(error)); }
  }
  const TYPE = "type { name kind ofType { name kind ofType { name kind ofType { name } } } }";
  const spell = (t) => t.kind === "NON_NULL" ? spell(t.ofType) + "!"
    : t.kind === "LIST" ? "[" + spell(t.ofType) + "]" : t.name;
  async function schema() {
    const answer = await ask(`{ __schema { types { name fields { name args { name ${TYPE} } ${TYPE} } } } }`);
    if (!answer.data) return show(answer);
    at("result").textContent = answer.data.__schema.types.filter((t) => t.fields && !t.name.startsWith("__"))
      .map((t) => `type ${t.name}\\n` + t.fields.map((f) => `  ${f.name}` +
        (f.args.length ? `(${f.args.map((a) => a.name + ": " + spell(a.type)).join(", ")})` : "") +
        `: ${spell(f.type)}`).join("\\n")).join("\\n\\n");
  }
  at("run").onclick = run; at("schema").onclick = schema;
  document.onkeydown = (event) => { if (event.ctrlKey && event.key === "Enter") run(); };
}
</script>
</body>"""


def page() -> str:
    """The page, which asks ``/graphql`` on the same server."""
    packaged = get_graphql_ide_html("graphiql")
    if _OWN_URL not in packaged or "</body>" not in packaged:
        raise RuntimeError("strawberry's packaged GraphiQL page has changed")
    asking = packaged.replace(_OWN_URL, 'new URL("/graphql", window.location.href).href')
    return asking.replace("</body>", _PLAIN_EDITOR)
