/**
 * What a web service's PUT asks for: one model between its inputs and outputs. The package's graph says which; without
 * one, the one asset between `input1` and `output1` is meant (api.md).
 */
import type { ClassicWish } from '../app/classic-services.ts';
import type { ServiceContent } from '../app/put-service.ts';
import type { ServiceWish } from '../app/services.ts';
import type { ModelWish } from '../app/take-model.ts';
import { limits } from '../core/limits.ts';
import { badArgument, invalidOperation, type Refused } from '../core/refusal.ts';
import { isOwnParameter, ownParameterPrefix } from '../core/row-errors.ts';
import type { Parameter } from '../core/service.ts';
import { didYouMean } from '../core/suggest.ts';
import { shownSafely } from './redact.ts';
import { placeOf } from './schema-issues.ts';
import type { ServiceBody, ServicePatchBody } from './service-schemas.ts';

type Properties = ServiceBody['properties'];
export type Graph = {
  readonly kind: 'graph';
  readonly model: ModelWish;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
};

export function serviceWishOf(
  body: ServiceBody,
  thing: { readonly group: string; readonly name: string },
): { readonly kind: 'wish'; readonly wish: ServiceWish } | Refused {
  const content = contentOf(body, thing.name);
  if (content.kind === 'refused') return content;
  const { commitmentPlan } = body.properties;
  const plan = commitmentPlan === undefined ? {} : { commitmentPlan: commitmentPlan.id };
  return { kind: 'wish', wish: { ...thing, ...content.content, ...plan } };
}

/** The same properties without a plan: the workspace's plan pays. */
export function classicWishOf(
  body: ServiceBody,
  name: string,
): { readonly kind: 'wish'; readonly wish: ClassicWish } | Refused {
  if (body.properties.commitmentPlan !== undefined) {
    return badArgument(
      'CommitmentPlanNotAllowed',
      'properties.commitmentPlan is given, and a classic web service has no plan of its own: leave it out, the plan of the workspace pays.',
    );
  }
  const content = contentOf(body, name);
  return content.kind === 'refused' ? content : { kind: 'wish', wish: { name, ...content.content } };
}

function contentOf(
  body: ServiceBody,
  name: string,
): { readonly kind: 'content'; readonly content: ServiceContent } | Refused {
  const { properties } = body;
  const graph = graphOf(properties);
  if (graph.kind === 'refused') return graph;
  const parameters = parametersOf(properties.parameters ?? {});
  const refusal = checkParameters(properties.parameters ?? {}) ?? tooMuch(graph, parameters);
  if (refusal !== undefined) return refusal;
  const { storageAccount } = properties;
  const content = {
    title: properties.title ?? name,
    ...(properties.description === undefined ? {} : { description: properties.description }),
    model: graph.model,
    inputs: graph.inputs,
    outputs: graph.outputs,
    parameters,
    ...(storageAccount === undefined ? {} : { storage: storageAccount }),
    echo: echoOf(body),
  };
  return { kind: 'content', content };
}

/** Which asset is the model, and what its inputs and outputs are called. */
export function graphOf(properties: Pick<Properties, 'assets' | 'package'>): Graph | Refused {
  const found = nodesOf(properties);
  if (found.kind === 'refused') return found;
  const { assetId, inputs, outputs } = found;
  const location = properties.assets[assetId]?.locationInfo;
  if (location === undefined) {
    const names = Object.keys(properties.assets);
    const text = `properties.package names the asset "${shownSafely(assetId, 60)}", and properties.assets has no such member.`;
    return badArgument('InvalidAssetId', text + didYouMean(assetId, names));
  }
  const path = placeOf(['properties', 'assets', assetId, 'locationInfo']);
  return { kind: 'graph', model: { ...location, path }, inputs, outputs };
}

type Nodes = Omit<Graph, 'kind' | 'model'> & { readonly kind: 'nodes'; readonly assetId: string };

function nodesOf({ assets, package: graph }: Pick<Properties, 'assets' | 'package'>): Nodes | Refused {
  const names = Object.keys(assets);
  if (graph === undefined) {
    const [assetId, ...others] = names;
    if (assetId !== undefined && others.length === 0) {
      return { kind: 'nodes', assetId, inputs: ['input1'], outputs: ['output1'] };
    }
    const text = `properties.assets has ${names.length} members: give one model, or say in properties.package which node is which.`;
    return badArgument('InvalidPackage', text);
  }
  const nodes = Object.values(graph.nodes);
  const [assetId, ...others] = nodes.flatMap((node) => node.assetId ?? []);
  const inputs = nodes.flatMap((node) => node.inputId ?? []);
  const outputs = nodes.flatMap((node) => node.outputId ?? []);
  if (assetId === undefined || others.length > 0) {
    return invalid(
      `has ${assetId === undefined ? 'no' : 'more than one'} node with an assetId: exactly one model is run, so give one node {"assetId": "<its name in properties.assets>"}.`,
    );
  }
  if (outputs.length === 0) return invalid('has no node with an outputId: add {"outputId": "output1"}.');
  if (outputs.length > limits.outputsMax)
    return invalid(
      `has ${outputs.length} nodes with an outputId: at most ${limits.outputsMax} are possible.`,
    );
  if (inputs.length > limits.inputsMax) return severalInputs(inputs);
  const odd = [...inputs, ...outputs].find((one) => /[/\\\p{Cc}]/u.test(one));
  if (odd !== undefined)
    return invalid(
      `has an input or output "${shownSafely(odd, 60)}": leave slashes and control characters out.`,
    );
  const lone = nodes.find((node) => [node.inputId, node.outputId, node.assetId].filter(Boolean).length !== 1);
  if (lone !== undefined) return invalid('has a node without exactly one of inputId, outputId and assetId.');
  if (new Set(inputs).size < inputs.length || new Set(outputs).size < outputs.length) {
    return invalid('gives two inputs, or two outputs, one name.');
  }
  const wrong = wrongEdge(graph, assetId);
  return wrong ?? { kind: 'nodes', assetId, inputs, outputs };
}

/** Nothing says how the rows of two files belong together: told now, and not under a job. */
function severalInputs(inputs: readonly string[]): Refused {
  const some = inputs.slice(0, 5).map((name) => `"${shownSafely(name, 60)}"`);
  return invalidOperation(
    'MultipleInputsNotAllowed',
    `properties.package has ${inputs.length} nodes with an inputId (${some.join(', ')}${inputs.length > some.length ? ', ...' : ''}): a web service scores the rows of one file, so keep one of them, and put all columns that the model reads into its file.`,
  );
}

/** Inputs lead into the model, the model into outputs; nothing else can be run. */
function wrongEdge(graph: NonNullable<Properties['package']>, assetId: string): Refused | undefined {
  const ids = Object.keys(graph.nodes);
  for (const [index, edge] of (graph.edges ?? []).entries()) {
    const unknown = [edge.sourceNodeId, edge.targetNodeId].find((id) => !Object.hasOwn(graph.nodes, id));
    if (unknown !== undefined) {
      return invalid(
        `names in edges[${index}] the node "${shownSafely(unknown, 60)}", which its nodes do not have.${didYouMean(unknown, ids)}`,
      );
    }
    const source = graph.nodes[edge.sourceNodeId];
    const target = graph.nodes[edge.targetNodeId];
    const isIn = source?.inputId !== undefined && target?.assetId === assetId;
    const isOut = source?.assetId === assetId && target?.outputId !== undefined;
    if (!isIn && !isOut)
      return invalid(
        `has in edges[${index}] one that leads neither from an input to the model nor from the model to an output: leave it out, or correct it.`,
      );
  }
  return undefined;
}

function invalid(what: string): Refused {
  return badArgument('InvalidPackage', `properties.package ${what}`);
}

/** What the service's row keeps of them has an end. */
export function tooMuch(
  { inputs, outputs }: Partial<Pick<Graph, 'inputs' | 'outputs'>>,
  parameters: readonly Parameter[],
): Refused | undefined {
  const chars = JSON.stringify([inputs, outputs, parameters]).length;
  if (chars <= limits.serviceCharsMax) return undefined;
  const most = limits.serviceCharsMax.toLocaleString('en');
  return badArgument(
    'BadParameterValue',
    `properties.parameters and the names in properties.package have ${chars.toLocaleString('en')} characters as JSON: at most ${most} are kept, so shorten them.`,
  );
}

/** Those that begin so are Millpond's, and every web service has them. */
export function checkParameters(parameters: NonNullable<Properties['parameters']>): Refused | undefined {
  const own = Object.keys(parameters).find(isOwnParameter);
  if (own === undefined) return undefined;
  const text = `properties.parameters has "${shownSafely(own, 60)}": names that begin with "${ownParameterPrefix}" are Millpond's own. Choose another.`;
  return badArgument('BadParameterValue', text);
}

export function parametersOf(parameters: NonNullable<Properties['parameters']>): Parameter[] {
  return Object.entries(parameters).map(([name, { value }]) => {
    const fallback = typeof value === 'object' ? value.value : value;
    return fallback === undefined ? { name } : { name, default: fallback };
  });
}

/** What a GET gives back as it came: everything that is ours to keep and no secret. */
export function echoOf({
  location,
  tags,
  properties = {},
}: Pick<ServicePatchBody, 'location' | 'tags' | 'properties'>): Record<string, unknown> {
  const { input, output, exampleRequest, exposeSampleData, realtimeConfiguration, diagnostics } = properties;
  const given = {
    location,
    tags,
    input,
    output,
    exampleRequest,
    exposeSampleData,
    realtimeConfiguration,
    diagnostics,
    package: properties.package,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
