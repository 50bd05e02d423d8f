/** The reason a model cannot be served, as an exception that travels from deep inside graph preparation to its callers. */

/** `message` is the sentence shown to whoever uploaded the model. */
export class ModelRefusal extends Error {
  override readonly name = 'ModelRefusal';
}
