/** What a web service's PATCH asks for: members that are given take the place of the present ones. */
import type { ServicePatch } from '../app/patch-service.ts';
import { badArgument, type Refused } from '../core/refusal.ts';
import type { ServicePatchBody } from './service-schemas.ts';
import { checkParameters, echoOf, graphOf, parametersOf, tooMuch } from './service-wish.ts';

export type PatchWish = {
  readonly kind: 'wish';
  readonly patch: ServicePatch;
  /** ARM id of a plan: only the present one is accepted. */
  readonly commitmentPlan?: string;
};

export function patchWishOf(body: ServicePatchBody): PatchWish | Refused {
  const { properties = {} } = body;
  const { title, description, parameters, storageAccount, commitmentPlan } = properties;
  const model = modelOf(properties);
  if (model.kind === 'refused') return model;
  const refusal = checkParameters(parameters ?? {}) ?? tooMuch(model.patch, parametersOf(parameters ?? {}));
  if (refusal !== undefined) return refusal;
  const patch = {
    ...model.patch,
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(parameters === undefined ? {} : { parameters: parametersOf(parameters) }),
    ...(storageAccount === undefined ? {} : { storage: storageAccount }),
    echo: echoOf(body),
  };
  return { kind: 'wish', patch, ...(commitmentPlan && { commitmentPlan: commitmentPlan.id }) };
}

/** An asset alone is another model between the same inputs and outputs. */
function modelOf({
  assets,
  package: graph,
}: NonNullable<ServicePatchBody['properties']>): { kind: 'model'; patch: ServicePatch } | Refused {
  if (assets === undefined) {
    if (graph === undefined) return { kind: 'model', patch: {} };
    const text = 'properties.package is given without properties.assets: give the model that it names, too.';
    return badArgument('InvalidPackage', text);
  }
  const found = graphOf({ assets, ...(graph === undefined ? {} : { package: graph }) });
  if (found.kind === 'refused') return found;
  const { model, inputs, outputs } = found;
  return { kind: 'model', patch: graph === undefined ? { model } : { model, inputs, outputs } };
}
