// Shows the description of the API. It writes text only, never markup that comes from the description.
"use strict";

// What everybody knows from elsewhere comes last.
const late = ["model call", "health"];
const methods = ["get", "post", "put", "patch", "delete"];

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// Text between backticks is code.
function prose(text) {
  const parts = (text || "").split("`");
  return parts.map((part, i) => (i % 2 === 1 ? element("code", {}, part) : part));
}

function paragraphs(text) {
  return (text || "").split("\n\n").filter(Boolean).map((part) => element("p", {}, ...prose(part)));
}

class Page {
  constructor(description) {
    this.description = description;
  }

  resolve(schema) {
    if (schema && schema.$ref) {
      return schema.$ref.slice(2).split("/").reduce((found, name) => found[name], this.description);
    }
    return schema || {};
  }

  // What a value is, in a few words.
  kind(schema) {
    if (schema.anyOf) {
      return schema.anyOf.map((one) => this.kind(one)).join(" or ");
    }
    if (schema.$ref) {
      return schema.$ref.split("/").pop();
    }
    const type = Array.isArray(schema.type) ? schema.type.join(" or ") : schema.type || "any";
    if (schema.items) {
      return "list of " + this.kind(schema.items) + (type.includes("null") ? " or null" : "");
    }
    if (schema.additionalProperties && schema.additionalProperties !== true) {
      return "object of " + this.kind(schema.additionalProperties) + (type.includes("null") ? " or null" : "");
    }
    return schema.format ? `${type} (${schema.format})` : type;
  }

  // The object inside of lists and alternatives, if there is one with fields.
  inner(schema) {
    const options = schema.anyOf || [schema];
    for (const option of options) {
      const found = this.resolve(option.items || option);
      if (found.properties) {
        return found;
      }
      if (option.items && option.items.anyOf) {
        return this.inner(option.items);
      }
    }
    return null;
  }

  fields(schema, seen) {
    const body = element("tbody", {});
    const required = schema.required || [];
    for (const [name, field] of Object.entries(schema.properties)) {
      const cell = element("td", {}, ...prose(field.description));
      if (field.enum) {
        cell.append(" One of " + field.enum.filter((word) => word !== null).join(", ") + ".");
      }
      const inner = this.inner(field);
      if (inner && !seen.includes(inner)) {
        cell.append(this.folded("fields", () => this.fields(inner, [...seen, inner])));
      }
      body.append(element("tr", {}, element("td", {}, name), element("td", {},
        this.kind(field) + (required.includes(name) ? "" : ", optional")), cell));
    }
    return element("table", {}, element("thead", {},
      element("tr", {}, ...["Field", "Type", "Meaning"].map((head) => element("th", {}, head)))), body);
  }

  // Details that are made when they are first opened: the whole would be a long page.
  folded(title, make) {
    const details = element("details", {}, element("summary", {}, title));
    details.addEventListener("toggle", () => {
      if (details.open && details.children.length === 1) {
        details.append(element("div", {}, make()));
      }
    });
    return details;
  }

  shape(schema) {
    const inner = this.inner(schema);
    const line = element("p", { className: "faint" }, this.kind(schema));
    return inner ? [line, this.fields(inner, [inner])] : [line];
  }

  parameters(operation) {
    if (!operation.parameters) {
      return [];
    }
    const rows = operation.parameters.map((reference) => {
      const one = this.resolve(reference);
      const words = one.schema.enum ? " One of " + one.schema.enum.join(", ") + "." : "";
      return element("tr", {}, element("td", {}, one.name),
        element("td", {}, `${this.kind(one.schema)}, ${one.in}${one.required ? "" : ", optional"}`),
        element("td", {}, ...prose(one.description), words));
    });
    return [element("h4", {}, "Parameters"), element("table", {}, element("tbody", {}, ...rows))];
  }

  content(title, holder) {
    return Object.entries((holder && holder.content) || {}).flatMap(([media, content]) =>
      [element("h4", {}, `${title}, ${media}`), ...this.shape(content.schema || {})]);
  }

  operation(method, path, operation, others) {
    const details = element("details", { id: operation.operationId }, element("summary", {},
      element("span", { className: "method" }, method.toUpperCase()),
      element("span", { className: "path" }, path), operation.summary));
    details.addEventListener("toggle", () => {
      if (details.open && details.children.length === 1) {
        details.append(this.body(method, path, operation, others));
      }
    });
    details.dataset.text = `${path} ${others.join(" ")} ${operation.summary}`.toLowerCase();
    return details;
  }

  // A link to the console's page that sends a request with the role that is signed in. Calls of models have keys of their own.
  tryIt(method, path, operation) {
    if (operation.tags.some((tag) => late.includes(tag))) {
      return null;
    }
    const query = new URLSearchParams({ method: method.toUpperCase(), path });
    const json = ((operation.requestBody || {}).content || {})["application/json"];
    if (json) {
      query.set("body", JSON.stringify(this.sample(json.schema || {}), null, 2));
    }
    return element("p", {}, element("a", { href: "/console/try?" + query }, "Try it"));
  }

  // A body with what is required.
  sample(schema) {
    const fields = this.inner(schema) || {};
    return Object.fromEntries((fields.required || []).map((name) => [name, ""]));
  }

  body(method, path, operation, others) {
    const refusals = Object.entries(operation.responses).filter(([status]) => status !== "200").map(([status, one]) =>
      element("tr", {}, element("td", {}, status), element("td", {}, ...prose(one.description))));
    const also = others.length > 0 ? element("p", { className: "faint" }, "The same under " + others.join(", ")) : null;
    return element("div", {}, ...paragraphs(operation.description), also, this.tryIt(method, path, operation), ...this.parameters(operation),
      ...this.content("Request", operation.requestBody), ...this.content("Answer", operation.responses["200"]),
      element("h4", {}, "Refusals"), element("table", {}, element("tbody", {}, ...refusals)));
  }

  // The operations of a tag. Those that do the same under several paths are one entry, by the path that clients know.
  entries(paths, tag) {
    const found = new Map();
    for (const [path, item] of Object.entries(paths)) {
      for (const method of methods.filter((one) => item[one] && item[one].tags.includes(tag))) {
        const same = `${method} ${item[method].summary}`;
        const entry = found.get(same);
        if (!entry) {
          found.set(same, { method, path, operation: item[method], others: [] });
        } else if (path.startsWith("/v1/") && !entry.path.startsWith("/v1/")) {
          found.set(same, { method, path, operation: item[method], others: [...entry.others, entry.path] });
        } else {
          entry.others.push(path);
        }
      }
    }
    return found.values();
  }

  show(main, contents) {
    const { info, paths, tags } = this.description;
    document.title = info.title;
    main.replaceChildren(element("h1", {}, `${info.title} `, element("small", { className: "faint" }, info.version)),
      ...paragraphs(info.description));
    for (const tag of [...tags].sort((a, b) => late.indexOf(a.name) - late.indexOf(b.name))) {
      const section = element("section", {}, element("h2", {}, tag.name), ...paragraphs(tag.description));
      const links = element("div", {}, element("h2", {}, tag.name));
      for (const { method, path, operation, others } of this.entries(paths, tag.name)) {
        const shown = this.operation(method, path, operation, others);
        const link = element("a", { href: "#" + shown.id }, `${method.toUpperCase()} ${path}`);
        link.addEventListener("click", () => { shown.open = true; });
        link.dataset.text = shown.dataset.text;
        section.append(shown);
        links.append(link);
      }
      main.append(section);
      contents.append(links);
    }
  }
}

function search(text) {
  for (const one of document.querySelectorAll("[data-text]")) {
    one.hidden = !one.dataset.text.includes(text.trim().toLowerCase());
  }
}

async function start() {
  const main = document.getElementById("main");
  try {
    const answer = await fetch("/openapi.json");
    new Page(await answer.json()).show(main, document.getElementById("contents"));
  } catch (problem) {
    main.replaceChildren(element("p", {}, `The description could not be read: ${problem}`));
    return;
  }
  document.getElementById("search").addEventListener("input", (event) => search(event.target.value));
  const opened = document.getElementById(location.hash.slice(1));
  if (opened) {
    opened.open = true;
    opened.scrollIntoView();
  }
}

start();
