/** The categories of the census columns with about the frequencies of the public data; `?` is a missing value. */

/** A value and its weight; weights need not add up to anything. */
export type Category = readonly [value: string, weight: number];

export const workclasses: readonly Category[] = [
  ['Private', 697],
  ['Self-emp-not-inc', 78],
  ['Local-gov', 64],
  ['?', 56],
  ['State-gov', 40],
  ['Self-emp-inc', 34],
  ['Federal-gov', 29],
  ['Without-pay', 1],
  ['Never-worked', 1],
];

/** In the order of `education-num`, which counts from 1. */
export const educations: readonly Category[] = [
  ['Preschool', 2],
  ['1st-4th', 5],
  ['5th-6th', 10],
  ['7th-8th', 20],
  ['9th', 16],
  ['10th', 29],
  ['11th', 36],
  ['12th', 13],
  ['HS-grad', 323],
  ['Some-college', 224],
  ['Assoc-voc', 42],
  ['Assoc-acdm', 33],
  ['Bachelors', 164],
  ['Masters', 53],
  ['Prof-school', 18],
  ['Doctorate', 13],
];

export const occupations: readonly Category[] = [
  ['Prof-specialty', 127],
  ['Craft-repair', 126],
  ['Exec-managerial', 125],
  ['Adm-clerical', 116],
  ['Sales', 112],
  ['Other-service', 101],
  ['Machine-op-inspct', 61],
  ['?', 57],
  ['Transport-moving', 49],
  ['Handlers-cleaners', 42],
  ['Farming-fishing', 31],
  ['Tech-support', 28],
  ['Protective-serv', 20],
  ['Priv-house-serv', 5],
  ['Armed-Forces', 1],
];

export const unmarriedStatuses: readonly Category[] = [
  ['Never-married', 607],
  ['Divorced', 253],
  ['Separated', 58],
  ['Widowed', 56],
  ['Married-spouse-absent', 26],
];

export const unmarriedRelationships: readonly Category[] = [
  ['Not-in-family', 458],
  ['Own-child', 296],
  ['Unmarried', 197],
  ['Other-relative', 49],
];

export const races: readonly Category[] = [
  ['White', 854],
  ['Black', 96],
  ['Asian-Pac-Islander', 32],
  ['Amer-Indian-Eskimo', 10],
  ['Other', 8],
];

export const countries: readonly Category[] = [
  ['United-States', 896],
  ['Mexico', 20],
  ['?', 18],
  ['Philippines', 6],
  ['Germany', 4],
  ['Canada', 4],
  ['Puerto-Rico', 4],
  ['El-Salvador', 3],
  ['India', 3],
  ['Cuba', 3],
  ['England', 3],
  ['Jamaica', 2],
  ['South', 2],
  ['China', 2],
  ['Italy', 2],
  ['Vietnam', 2],
  ['Japan', 2],
  ['Poland', 2],
  ['Outlying-US(Guam-USVI-etc)', 1],
  ['Trinadad&Tobago', 1],
  ['Holand-Netherlands', 1],
];

/** What an interviewer wrote down: the reason why fields need quotes. */
export const remarks: readonly Category[] = [
  ['', 80],
  ['by telephone', 8],
  ['moved, new address unknown', 5],
  ['says "retired, more or less"', 4],
  ['second visit; café, not at home', 3],
];
