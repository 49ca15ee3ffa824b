import { readFileSync } from 'node:fs';
import * as E from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { shared, sharedPath } from '../../../../test/shared.ts';
import { parseData } from './data-file.ts';
import { showFault, showNotice } from './fault.ts';
import { parseNames } from './names.ts';

const faultsOf = (result: E.Either<readonly Parameters<typeof showFault>[0][], unknown>) =>
  E.isLeft(result) ? result.left.map(showFault) : [];

describe('.data', () => {
  it('gives paths as written, and undefined for what is absent', () => {
    const result = parseData(
      '# voc\r\nclasses = 20\r\ntrain  = my data/train.txt\r\nnames=voc.names\r\neval=coco\r\n',
      { file: 'a.data' },
    );
    expect(result).toMatchObject({
      right: {
        notices: [],
        value: {
          file: 'a.data',
          classes: 20,
          train: 'my data/train.txt',
          valid: undefined,
          names: 'voc.names',
          results: 'results',
          prefix: '',
          eval: 'coco',
        },
      },
    });
  });
  it('takes labels for names', () => {
    expect(parseData('labels=x.names')).toMatchObject({ right: { value: { names: 'x.names' } } });
  });
  it('reports all faults with their lines', () => {
    expect(faultsOf(parseData('classes=two\n\nwhat\neval=kitti\n', { file: 'a.data' }))).toEqual([
      'a.data:1: classes: expected a whole number of at least 1, found "two"; correct the value (Darknet would silently read 0)',
      'a.data:3: expected key=value, found "what"; complete the line, or start it with # to make it a comment',
      'a.data:4: eval: expected one of voc, coco, imagenet, found "kitti"; correct the value (Darknet would silently read voc)',
    ]);
  });
  it('reports keys that are repeated or that nobody reads, refuses misspelt ones', () => {
    const result = parseData('valid=a\nvalid=b\nauthor=c', { file: 'a.data' });
    expect(E.isRight(result) && result.right.notices.map(showNotice)).toEqual([
      'a.data:2: valid: is given a second time; the first value counts',
      'a.data:3: author: is read by no Darknet',
    ]);
    expect(faultsOf(parseData('backups=c', { file: 'a.data' }))).toEqual([
      'a.data:1: backups: expected a key of .data files, found "backups"; did you mean backup?',
    ]);
  });
  it.each([
    ['c\0l\0a\0s\0s\0e\0s\0=\x001\0', 'expected UTF-8 text, found UTF-16; save the file as UTF-8'],
    ['<!DOCTYPE html>\n<p>404', 'found a web page; download the file itself'],
    ['train\0\0=a list of some images', 'found bytes that are no text'],
  ])('says what a file is that is no such text: %j', (text, message) => {
    expect(faultsOf(parseData(text, { file: 'a.data' })).join('\n')).toContain(message);
    expect(faultsOf(parseNames(text)).join('\n')).toContain(message);
  });
});

it('backslashes of paths are read as /, and said once', () => {
  const result = parseData('train=data\\train.txt\nbackup=backup\\\nclasses=2', { file: 'a.data' });
  expect(result).toMatchObject({ right: { value: { train: 'data/train.txt', backup: 'backup/' } } });
  expect(E.isRight(result) && result.right.notices.map(showNotice)).toEqual([
    'a.data:1: train, backup: backslashes are read as /',
  ]);
});

describe('.names', () => {
  it('keeps blanks inside names and order', () => {
    expect(parseNames('traffic light\r\ncat \r\n\r\n')).toMatchObject({ right: { value: ['traffic light', 'cat'] } });
  });
  it('refuses gaps, empty files and the wrong number', () => {
    expect(faultsOf(parseNames('a\n\nb', { file: 'x.names' }))).toEqual([
      'x.names:2: expected a class name, found an empty line; name the class or remove the line',
    ]);
    expect(faultsOf(parseNames('\n\n'))[0]).toContain('expected a class name on each line, found none');
    expect(faultsOf(parseNames('a\nb', { classes: 3 }))[0]).toContain(
      'expected 3 names, one for each class of the network, found 2',
    );
  });
  it('reports a name given twice', () => {
    expect(parseNames('a\nb\na')).toMatchObject({
      right: { notices: [{ line: 3, message: 'a is also the name of class 0' }] },
    });
  });
  it.skipIf(!shared)('reads those of COCO and VOC', () => {
    const count = (file: string) => {
      const result = parseNames(readFileSync(sharedPath('data/weights', file), 'utf8'));
      return E.isRight(result) && result.right.notices.length === 0 && result.right.value.length;
    };
    expect([count('coco.names'), count('voc.names')]).toEqual([80, 20]);
  });
});
