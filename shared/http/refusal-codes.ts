/** Groups of detail codes that several calls may answer (bes-contract.md, section 4, and our own). */

const blob = [
  'ContainerSegmentInvalid',
  'InputBlobRelativeLocationInvalid',
  'InvalidBlob',
  'InvalidBlobConnectionString',
  'InvalidBlobExtension',
  'MissingInputBlobInformation',
  'MissingOutputOverrideSpecification',
] as const;

/** What a job's registration can have wrong. */
export const registrationCodes = [
  ...blob,
  'BatchJobInputsNotSpecified',
  'BatchJobInputsTooManySpecified',
  'DuplicateInputInBatchCall',
  'InvalidInputNames',
  'InvalidOutputOverrideName',
  'InvalidStorageAccount',
  'MissingRequiredGlobalParameters',
  'UnexpectedParameter',
  'UserParameterInvalid',
] as const;

/** What is found when a job starts: of its inputs and the place of its results. */
export const startCodes = [
  'BlobNotFound',
  'CannotStartJob',
  'ContainerValidationFailed',
  'InvalidBlob',
  'InvalidStorageAccount',
] as const;

/** What a web service's definition can have wrong. */
export const definitionCodes = [
  'BlobNotFound',
  'ContainerSegmentInvalid',
  'InvalidAssetId',
  'InvalidBlob',
  'InvalidBlobConnectionString',
  'InvalidBlobExtension',
  'InvalidPackage',
  'InvalidStorageAccount',
  'MissingInputBlobInformation',
  'MultipleInputsNotAllowed',
] as const;

/** What a model for retraining can have wrong. */
export const retrainCodes = [
  'BlobNotFound',
  'ContainerSegmentInvalid',
  'InvalidBlob',
  'InvalidBlobConnectionString',
  'InvalidBlobExtension',
  'MissingInputBlobInformation',
  'ModelRefused',
] as const;
