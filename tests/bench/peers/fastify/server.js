// The two endpoints of npsd that cost most, in the straightforward way: a row an answer, and a count over
// the rows of a window. What it leaves out favours it: keys, retries, limits, facets, intervals, ETags.
//
//   PGHOST=... node server.js      listens on a free port of 127.0.0.1 and prints its address
import Fastify from "fastify";
import pg from "pg";

const pool = new pg.Pool({ max: 20 });
const app = Fastify();

const answer = {
  type: "object",
  required: ["score"],
  additionalProperties: false,
  properties: {
    score: { type: "integer", minimum: 0, maximum: 10 },
    answers: { type: "object", additionalProperties: { type: "string" } },
    properties: { type: "object", additionalProperties: { type: "string" } },
  },
};

app.post("/v1/surveys/:survey/responses", { schema: { body: answer } }, async (request, reply) => {
  const { score, answers, properties } = request.body;
  const { rows } = await pool.query({
    name: "insert",
    text: "insert into fastify.answer (survey, score, answers, properties) values ($1, $2, $3, $4) returning id, answered_at",
    values: [request.params.survey, score, answers, properties],
  });
  return reply.code(201).send({ ...rows[0], survey: request.params.survey, score });
});

app.get("/v1/surveys/:survey/nps", async (request) => {
  const { rows } = await pool.query({
    name: "count",
    text: `select count(*)::int as responses,
        (count(*) filter (where score >= 9))::int as promoters,
        (count(*) filter (where score between 7 and 8))::int as neutrals,
        (count(*) filter (where score <= 6))::int as critics
      from fastify.answer where survey = $1 and answered_at >= $2 and answered_at < coalesce($3, now())`,
    values: [request.params.survey, request.query.from, request.query.to],
  });
  const { responses, promoters, neutrals, critics } = rows[0];
  const nps = responses ? (100 * (promoters - critics)) / responses : null;
  return { survey: request.params.survey, responses, promoters, neutrals, critics, nps };
});

console.log(await app.listen({ host: "127.0.0.1", port: 0 }));
