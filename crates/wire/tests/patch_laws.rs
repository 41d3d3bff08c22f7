//! Laws of patches: what leads from one document to another does lead there, as others read it.

use convoke_wire::json_patch::diff;
use proptest::collection::{btree_map, vec};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::sample::select;
use proptest::{prop_assert, prop_assert_eq};
use serde_json::{Value, json};

/// Documents of few names, so that two of them have much in common.
fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        "[a-c/~\"\n]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        let names = select(vec!["a", "b", "a/b", "~1", "", "custom", "é\""]);
        let names = names.prop_map(str::to_owned);
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(names, inner, 0..6).prop_map(|members| json!(members)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_patch_leads_from_one_document_to_the_other(before in document(), after in document()) {
        let operations = diff(&before.to_string(), &after.to_string()).expect("JSON");
        let text = serde_json::to_string(&operations).expect("JSON");
        let patch: json_patch::Patch = serde_json::from_str(&text).expect("a patch");
        let mut patched = before.clone();
        json_patch::patch(&mut patched, &patch).expect("it applies");
        prop_assert_eq!(patched, after);
    }

    #[test]
    fn equal_documents_need_no_patch(document in document()) {
        let text = document.to_string();
        prop_assert!(diff(&text, &text).expect("JSON").is_empty());
    }
}
