/** Tables of the collector's file. */

/** Raised with every change; a file of a later version is refused. */
export const version = 1;

export const schema = `
create table if not exists experiment (
  id integer primary key, name text not null unique, lifecycle text not null, created integer not null, updated integer not null);
create table if not exists experiment_tag (
  experiment integer not null, key text not null, value text not null, primary key (experiment, key)) without rowid;
create table if not exists run (
  id integer primary key, uuid text not null unique, experiment integer not null, name text not null, user text not null,
  status text not null, started integer not null, ended integer, lifecycle text not null, folder text,
  upload text unique, updated integer not null);
create table if not exists param (
  run integer not null, key text not null, value text not null, primary key (run, key)) without rowid;
create table if not exists tag (
  run integer not null, key text not null, value text not null, primary key (run, key)) without rowid;
-- One row a series: what a table of runs shows without reading the points.
create table if not exists metric (
  id integer primary key, run integer not null, key text not null, count integer not null,
  step integer not null, time integer not null, value, low real, high real, unique (run, key));
-- The value has no type, as NaN is stored as the text 'NaN'. It is part of the key: two values logged in the same
-- millisecond are both kept, and one that is sent again is stored once.
create table if not exists point (
  metric integer not null, step integer not null, time integer not null, value not null,
  primary key (metric, step, time, value)) without rowid;
-- What a chart of a long series is drawn from.
create table if not exists bucket (
  metric integer not null, part integer not null, count integer not null, numbers integer not null,
  mean real, time real not null, step integer not null, low_step integer, low_time integer, low real,
  high_step integer, high_time integer, high real, primary key (metric, part)) without rowid;
create table if not exists preference (
  run text primary key, name text, color text, notes text, hidden integer not null default 0) without rowid;
create table if not exists folder (
  run integer primary key, cursor text not null);
create table if not exists fault (
  id integer primary key, run integer not null, text text not null);
create index if not exists fault_run on fault (run);
create index if not exists run_experiment on run (experiment);
`;
