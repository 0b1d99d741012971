//! Both databases have the same tables, whatever their migrations say, and those of the
//! first release become the same.

use crate::common::Database;
use cloud_sync::store::{Store, StoreError};
use std::collections::BTreeSet;
use tokio_postgres::NoTls;

/// What has to be the same, a line each: columns with their defaults and the order of texts, keys and indexes.
type Lines = BTreeSet<String>;

fn files(folder: &str) -> BTreeSet<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
    std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}

/// What a database has.
pub async fn lines(database: &Database) -> Lines {
    match database {
        Database::File(file) => of_sqlite(file),
        Database::Url(url) => of_postgres(url).await,
    }
}

fn of_sqlite(file: &std::path::Path) -> Lines {
    let db = rusqlite::Connection::open(file).unwrap();
    let all = |sql: &str| -> Vec<String> {
        let mut statement = db.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let tables = "(SELECT name AS t FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'refinery%')";
    // Texts are compared byte by byte unless somebody says otherwise.
    let otherwise =
        all(&format!("SELECT t FROM {tables} JOIN sqlite_schema s ON t = s.name WHERE sql LIKE '%COLLATE%'"));
    assert!(otherwise.is_empty(), "{otherwise:?}");
    let columns = format!(
        "SELECT t || '.' || name || ' ' || type || CASE type WHEN 'TEXT' THEN ' by byte' ELSE '' END
           || CASE WHEN \"notnull\" OR pk THEN ' NOT NULL' ELSE '' END || COALESCE(' DEFAULT ' || dflt_value, '')
         FROM {tables}, pragma_table_info(t)"
    );
    let indexes = format!(
        "SELECT t || ' ' || CASE WHEN l.\"unique\" THEN 'unique' ELSE 'index' END || ' (' ||
           (SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_index_info(l.name) ORDER BY seqno)) || ')' ||
           CASE WHEN partial THEN ' in part' ELSE '' END
         FROM {tables}, pragma_index_list(t) l
         UNION SELECT t || ' unique (' || name || ')' FROM {tables}, pragma_table_info(t)
         WHERE pk = 1 AND type = 'BIGINT' AND (SELECT COUNT(*) FROM pragma_table_info(t) WHERE pk > 0) = 1"
    );
    let keys = format!(
        "SELECT t || ' (' || \"from\" || ') refers to ' || \"table\" FROM {tables}, pragma_foreign_key_list(t)"
    );
    [columns, indexes, keys].iter().flat_map(|sql| all(sql)).collect()
}

async fn of_postgres(url: &str) -> Lines {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let columns = "SELECT table_name || '.' || column_name || ' ' || upper(data_type)
            || CASE collation_name WHEN 'C' THEN ' by byte' ELSE '' END
            || CASE is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END
            || COALESCE(' DEFAULT ' || replace(column_default, '::text', ''), '')
        FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE 'refinery%'";
    let indexes = "SELECT c.relname || ' ' || CASE WHEN i.indisunique THEN 'unique' ELSE 'index' END || ' (' ||
            (SELECT string_agg(a.attname, ', ' ORDER BY k.place) FROM unnest(i.indkey) WITH ORDINALITY k (n, place)
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.n) || ')' ||
            CASE WHEN i.indpred IS NOT NULL THEN ' in part' ELSE '' END
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'public' AND c.relname NOT LIKE 'refinery%'";
    let keys = "SELECT c.relname || ' (' || a.attname || ') refers to ' || f.relname
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class f ON f.oid = k.confrelid
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1] WHERE k.contype = 'f'";
    let mut lines = Lines::new();
    for sql in [columns, indexes, keys] {
        lines.extend(client.query(sql, &[]).await.unwrap().iter().map(|row| row.get::<_, String>(0)));
    }
    lines
}

#[tokio::test]
async fn both_databases_have_the_same_schema() {
    assert_eq!(files("sqlite"), files("postgres"), "each version has a file for both");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cloud.db");
    drop(Store::sqlite(&file).unwrap());
    let (sqlite, postgres) = (of_sqlite(&file), of_postgres(&crate::common::backend::fresh_url().await).await);
    let of_one: Vec<_> = sqlite.symmetric_difference(&postgres).collect();
    assert!(of_one.is_empty() && sqlite.len() > 150, "{} lines, of one alone: {of_one:#?}", sqlite.len());
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused() {
    let url = crate::common::backend::fresh_url().await;
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let later = "INSERT INTO refinery_schema_history VALUES (99, 'later', '2030-01-01T00:00:00Z', '1')";
    client.batch_execute(later).await.unwrap();
    let refused = Store::postgres(&url).await.err().unwrap();
    assert!(matches!(refused, StoreError::NewerSchema { found: 99, .. }), "{refused}");
}
