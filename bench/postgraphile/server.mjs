// PostGraphile 5 as its documentation says: the Amber preset, prepared statements, one pool, a JWT whose claims become
// settings of the transaction. NODE_ENV=production.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import jsonwebtoken from "jsonwebtoken";
import { postgraphile } from "postgraphile";
import { grafserv } from "postgraphile/grafserv/node";
import { makePgService } from "postgraphile/adaptors/pg";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

const { url, port, secret } = JSON.parse(readFileSync(0, "utf8"));

const preset = {
  extends: [PostGraphileAmberPreset],
  pgServices: [
    makePgService({
      connectionString: url,
      schemas: ["public", "bench"],
      poolConfig: { max: 8, options: "-c role=bench_postgraphile -c TimeZone=Asia/Shanghai -c jit=off -c plan_cache_mode=force_generic_plan" },
    }),
  ],
  gather: { pgStrictFunctions: true },
  schema: { pgForbidSetofFunctionsToReturnNull: false },
  grafserv: { graphqlPath: "/graphql", graphiql: false, watch: false, maxRequestLength: 1000000 },
  grafast: {
    explain: false,
    context(requestContext) {
      const header = requestContext.node?.req?.headers?.authorization;
      if (!header) return {};
      const claims = jsonwebtoken.verify(header.slice(7), secret, { algorithms: ["HS256"] });
      return { pgSettings: claims.settings };
    },
  },
};

const pgl = postgraphile(preset);
const server = createServer();
server.on("error", (error) => {
  console.error(error);
  process.exit(1);
});
const serv = pgl.createServ(grafserv);
await serv.addTo(server);
await serv.ready?.();
server.keepAliveTimeout = 60000;
server.listen(port, "127.0.0.1", () => console.log("listening"));
