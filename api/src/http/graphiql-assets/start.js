// Starts GraphiQL on the page. A file of its own: the page's policy allows no inline script.
const root = document.getElementById("root");
const { viewerId, operations } = JSON.parse(root.dataset.settings);
const workers = JSON.parse(root.dataset.workers);

self.MonacoEnvironment = {
  globalAPI: false,
  getWorker: (_module, label) => new Worker(workers[label] ?? workers.editorWorkerService),
};

// What is written here may be private: it ends with the window, and each person has a place of their own.
const prefix = `${viewerId}:`;
const storage = {
  getItem: (key) => sessionStorage.getItem(prefix + key),
  setItem: (key, value) => sessionStorage.setItem(prefix + key, value),
  removeItem: (key) => sessionStorage.removeItem(prefix + key),
  get length() {
    return listKeys().length;
  },
  clear() {
    for (const key of listKeys()) sessionStorage.removeItem(key);
  },
};

function listKeys() {
  return Object.keys(sessionStorage).filter((key) => key.startsWith(prefix));
}

/** The ids that the examples need: of the workspace chosen in the app, and of a server there whose tools can be run. */
async function readIds() {
  const { viewer } = await query("{ viewer { workspaces(first: 100) { nodes { id } } } }");
  const ids = viewer.workspaces.nodes.map(({ id }) => id);
  const chosen = localStorage.getItem("gatehouse-workspace");
  const workspaceId = ids.includes(chosen) ? chosen : ids[0];
  const { node } = await query(
    `query ($id: ID!) { node(id: $id) { ... on Workspace {
      mcpServers(first: 5, filter: { enabled: true, oauthState: [CONNECTED, NOT_REQUIRED] }) {
        nodes { id tools(first: 1) { nodes { name } } }
      }
    } } }`,
    { id: workspaceId },
  );
  const server = node.mcpServers.nodes.find(({ tools }) => tools.nodes.length > 0);
  return {
    WORKSPACE_ID: workspaceId,
    SERVER_ID: server?.id,
    TOOL_NAME: server?.tools.nodes[0].name,
  };
}

async function query(text, variables) {
  const response = await fetch("/graphql", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query: text, variables }),
  });
  const { data } = await response.json();
  return data;
}

/** A placeholder without a value stays, as words to be replaced. */
function fillIn(text, ids) {
  return text.replace(/<([A-Z_]+)>/g, (placeholder, name) => {
    const id = ids[name];
    return id === undefined ? placeholder : JSON.stringify(id).slice(1, -1);
  });
}

function readTheme() {
  const chosen = localStorage.getItem("gatehouse-color-scheme");
  return chosen === "light" || chosen === "dark" ? chosen : null;
}

// A link could bring an operation along, to be run by who does not read it.
history.replaceState({}, "", location.pathname);
const ids = await readIds().catch(() => ({}));
self.YogaGraphiQL.renderYogaGraphiQL(root, {
  endpoint: "/graphql",
  credentials: "same-origin",
  subscriptionsProtocol: "GRAPHQL_SSE",
  title: '<a class="graphiql-logo-link" href="/api">Gatehouse API</a>',
  logo: "",
  // A header may be a token.
  shouldPersistHeaders: false,
  storage,
  defaultTheme: readTheme(),
  defaultTabs: operations.map(({ query, variables }) => ({
    query,
    variables: variables && fillIn(variables, ids),
  })),
  // Otherwise every keystroke would end up in the address.
  onEditQuery() {},
});
