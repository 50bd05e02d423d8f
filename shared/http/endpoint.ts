/**
 * Registers HTTP functions with the wrapper that every one has, and turns request streaming on, once, for all of them.
 */
import { app as functions } from '@azure/functions';
import type { z } from 'zod';
import type { App } from '../app/ports.ts';
import { doing, reading, type Action, type Ask } from './action.ts';
import { makeAnswer, type Definition, type Method } from './answer.ts';
import { declared, type Operation } from './operation.ts';
import type { Outcome } from './reply.ts';

// With streaming off, chunked bodies arrive empty, and every C# client sends chunked (functions-host.md, section 2).
functions.setup({ enableHttpStream: true });

type Declaration<Who, M extends Method> = Omit<Definition<Who>, 'authorize' | 'on'> & {
  readonly on: Readonly<Record<M, Action<Who>>>;
  /** For the OpenAPI document. `unlisted`: not for the public. */
  readonly docs: Readonly<Record<M, Operation>> | 'unlisted';
};

/** Endpoints that one kind of key opens: their actions know who is calling. */
export function openedBy<Who>(authorize: Definition<Who>['authorize']) {
  return {
    /**
     * @param name unique; functions are tried in the alphabetical order of their names, so routes must not overlap
     * @param declaration the methods that it names are the ones the host lets through
     */
    endpoint: <M extends Method>(name: string, declaration: Declaration<Who, M>): void => {
      const { docs, ...definition } = declaration;
      const methods = Object.keys(definition.on) as M[];
      functions.http(name, {
        methods,
        authLevel: 'anonymous',
        route: definition.route,
        handler: makeAnswer<Who>({ ...definition, authorize }, { loadApp: loadAppLazily }),
      });
      if (docs === 'unlisted') return;
      for (const method of methods) {
        const { check, body } = definition.on[method];
        const { route } = definition;
        const operation = docs[method];
        declared.push({ endpoint: name, route, method, operation, authorize, check, body: body?.schema });
      }
    },
    doing: doing<Who>,
    reading: <Body>(
      body: { readonly schema: z.ZodType<Body>; readonly bytesMax: number },
      run: (ask: Ask<Who>, body: Body) => Promise<Outcome>,
      check?: Action<Who>['check'],
    ) => reading(body, run, check),
  };
}

/** Loaded at the first call: an entry file that throws leaves the host without any function, silently. */
export async function loadAppLazily(): Promise<App> {
  const { loadApp } = await import('../compose.ts');
  return loadApp();
}
