//! JSON into a typed tree, in one pass.
//!
//! Every operand is read as a [`Term`] of some type and its operator says which
//! types it takes; the place of whatever is wrong is the path that led there.
//! What stands for a time, a count or a choice is read in [`super::operand`].

use super::fault::{shown, suggestion};
use super::tree::{Moment, Node, Number, Relation};
use super::{MAX_RULE_BYTES, MAX_RULE_DEPTH, MAX_RULE_NODES, RuleFault};
use serde_json::{Map, Value};
use std::ops::RangeInclusive;

pub(super) const OPERATORS: &[&str] = &[
    "and",
    "or",
    "!",
    "!!",
    "<",
    "<=",
    ">",
    ">=",
    "==",
    "!=",
    "isBefore",
    "isAfter",
    "inList",
    "in",
    "var",
    "buildTime",
    "entries_since",
    "entries_before",
    "entries_days_since",
    "entries_days_before",
];

/// Reads a whole rule.
pub(super) fn rule(json: &str) -> Result<Node, RuleFault> {
    let mut parser = Parser::default();
    if json.len() > MAX_RULE_BYTES {
        let what = format!("A rule has at most {MAX_RULE_BYTES} bytes; this one has {}.", json.len());
        return parser.fault("rule_size", what);
    }
    let value: Value = match serde_json::from_str(json) {
        Ok(value) => value,
        Err(error) => return parser.fault(code_of(&error), format!("This is not the JSON of a rule: {error}.")),
    };
    match value.as_object().is_some_and(Map::is_empty) {
        true => Ok(Node::Constant(true)),
        false => parser.truth(&value),
    }
}

/// The JSON reader has a limit of its own to the depth of brackets, and no kind for it.
fn code_of(error: &serde_json::Error) -> &'static str {
    if error.to_string().starts_with("recursion limit") { "rule_depth" } else { "rule_json" }
}

/// An operand, by its type.
#[derive(Clone)]
pub(super) enum Term<'j> {
    Truth(Node),
    Number(Number),
    Time(Moment),
    Status,
    Subject(Subject),
    Text(&'j str),
    List,
    Nothing,
}

/// What may be looked for in a list.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Subject {
    Product,
    Variation,
    Gate,
}

impl Term<'_> {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Truth(_) => "a truth value",
            Self::Number(_) => "a number",
            Self::Time(_) => "a time",
            Self::Status => "the entry status",
            Self::Subject(Subject::Product) => "a product",
            Self::Subject(Subject::Variation) => "a variation",
            Self::Subject(Subject::Gate) => "a gate",
            Self::Text(_) => "a text",
            Self::List => "an array",
            Self::Nothing => "null",
        }
    }
}

/// An operator and its operands; one that is no array is an array of one.
pub(super) struct Operation<'j> {
    pub(super) name: &'j str,
    pub(super) operands: &'j [Value],
    listed: bool,
}

impl<'j> Operation<'j> {
    /// An array as the operands of something without a name.
    pub(super) fn array(name: &'j str, value: &'j Value) -> Self {
        Self { name, operands: value.as_array().map_or(&[], Vec::as_slice), listed: true }
    }
}

#[derive(Default)]
pub(super) struct Parser<'j> {
    path: Vec<Step<'j>>,
    depth: usize,
    nodes: usize,
}

enum Step<'j> {
    Key(&'j str),
    Index(usize),
}

impl<'j> Parser<'j> {
    /// A fault at the place reached.
    pub(super) fn fault<T>(&self, code: &'static str, what: String) -> Result<T, RuleFault> {
        let step = |step: &Step<'_>| match step {
            Step::Key(key) => format!("/{}", shown(key).replace('~', "~0").replace('/', "~1")),
            Step::Index(index) => format!("/{index}"),
        };
        Err(RuleFault { at: self.path.iter().map(step).collect(), code, what })
    }

    /// Reads something true or false.
    pub(super) fn truth(&mut self, value: &'j Value) -> Result<Node, RuleFault> {
        match self.term(value)? {
            Term::Truth(node) => Ok(node),
            other => self.fault("rule_type", format!("This has to be true or false, and is {}.", other.kind())),
        }
    }

    /// Reads an operand of any type.
    pub(super) fn term(&mut self, value: &'j Value) -> Result<Term<'j>, RuleFault> {
        Ok(match value {
            Value::Null => Term::Nothing,
            Value::Bool(truth) => Term::Truth(Node::Constant(*truth)),
            Value::Number(number) => Term::Number(Number::Literal(number.as_f64().unwrap_or(f64::MAX))),
            Value::String(text) => Term::Text(text),
            Value::Array(_) => Term::List,
            Value::Object(map) => return self.operation(map),
        })
    }

    /// Opens an object as an operator with its operands.
    pub(super) fn open(&mut self, map: &'j Map<String, Value>) -> Result<Operation<'j>, RuleFault> {
        let mut entries = map.iter();
        let (Some((name, value)), None) = (entries.next(), entries.next()) else {
            let what = format!("An operation is an object with exactly one operator; this one has {}.", map.len());
            return self.fault("rule_operator", what);
        };
        self.depth += 1;
        if self.depth > MAX_RULE_DEPTH {
            return self.fault("rule_depth", format!("A rule is at most {MAX_RULE_DEPTH} operators deep."));
        }
        self.nodes += 1;
        if self.nodes > MAX_RULE_NODES {
            return self
                .fault("rule_size", format!("A rule has at most {MAX_RULE_NODES} operators and variables."));
        }
        self.path.push(Step::Key(name));
        Ok(match value {
            Value::Array(operands) => Operation { name, operands, listed: true },
            single => Operation { name, operands: std::slice::from_ref(single), listed: false },
        })
    }

    /// Leaves what [`Self::open`] opened. After a fault nothing is left: it ends the reading.
    pub(super) fn close(&mut self) {
        self.depth -= 1; // every close has its open
        self.path.pop();
    }

    /// Reads one operand, at its place.
    pub(super) fn at<T>(
        &mut self,
        operation: &Operation<'j>,
        index: usize,
        read: impl FnOnce(&mut Self, &'j Value) -> Result<T, RuleFault>,
    ) -> Result<T, RuleFault> {
        if operation.listed {
            self.path.push(Step::Index(index));
        }
        let value = read(self, operation.operands.get(index).unwrap_or(&Value::Null))?;
        if operation.listed {
            self.path.pop();
        }
        Ok(value)
    }

    /// Reads inside an object that is no operation of its own.
    pub(super) fn inside<T>(
        &mut self,
        key: &'j str,
        read: impl FnOnce(&mut Self) -> Result<T, RuleFault>,
    ) -> Result<T, RuleFault> {
        self.path.push(Step::Key(key));
        let value = read(self)?;
        self.path.pop();
        Ok(value)
    }

    /// Reads all operands, each at its place.
    pub(super) fn each<T>(
        &mut self,
        operation: &Operation<'j>,
        mut read: impl FnMut(&mut Self, &'j Value) -> Result<T, RuleFault>,
    ) -> Result<Vec<T>, RuleFault> {
        (0..operation.operands.len()).map(|index| self.at(operation, index, &mut read)).collect()
    }

    /// That there are so many operands.
    pub(super) fn takes(&self, operation: &Operation<'j>, wanted: RangeInclusive<usize>) -> Result<(), RuleFault> {
        let given = operation.operands.len();
        if wanted.contains(&given) {
            return Ok(());
        }
        let wanted = match (wanted.start(), wanted.end()) {
            (1, 1) => "one operand".to_owned(),
            (least, most) if least == most => format!("{least} operands"),
            (least, most) => format!("{least} to {most} operands"),
        };
        self.fault("rule_arguments", format!("{} takes {wanted}, not {given}.", operation.name))
    }

    fn operation(&mut self, map: &'j Map<String, Value>) -> Result<Term<'j>, RuleFault> {
        let operation = self.open(map)?;
        let term = match operation.name {
            "and" => Term::Truth(Node::All(self.each(&operation, Self::truth)?)),
            "or" => Term::Truth(Node::Any(self.each(&operation, Self::truth)?)),
            "!" => Term::Truth(Node::Not(Box::new(self.only(&operation)?))),
            "!!" => Term::Truth(self.only(&operation)?),
            "<" => self.comparison(&operation, Relation::Less, 3)?,
            "<=" => self.comparison(&operation, Relation::AtMost, 3)?,
            ">" => self.comparison(&operation, Relation::More, 2)?,
            ">=" => self.comparison(&operation, Relation::AtLeast, 2)?,
            "==" | "===" => self.comparison(&operation, Relation::Equal, 2)?,
            "!=" | "!==" => self.comparison(&operation, Relation::Unequal, 2)?,
            "isBefore" => self.before(&operation, false)?,
            "isAfter" => self.before(&operation, true)?,
            "inList" | "in" => self.in_list(&operation)?,
            "var" => self.variable(&operation)?,
            "buildTime" => Term::Time(self.build_time(&operation)?),
            "objectList" | "lookup" => {
                return self.fault("rule_operator", format!("{} stands only inside inList.", operation.name));
            }
            name => match self.count(&operation)? {
                Some(number) => Term::Number(number),
                None => {
                    let what = format!("There is no operator {:?}.{}", shown(name), suggestion(name, OPERATORS));
                    return self.fault("rule_operator", what);
                }
            },
        };
        self.close();
        Ok(term)
    }

    fn only(&mut self, operation: &Operation<'j>) -> Result<Node, RuleFault> {
        self.takes(operation, 1..=1)?;
        self.at(operation, 0, Self::truth)
    }

    fn comparison(&mut self, operation: &Operation<'j>, by: Relation, most: usize) -> Result<Term<'j>, RuleFault> {
        self.takes(operation, 2..=most)?;
        let mut terms = self.each(operation, Self::term)?.into_iter();
        let mut pairs = Vec::new();
        let mut left = terms.next().unwrap_or(Term::Nothing); // there are two at least
        while let Some(right) = terms.next() {
            let next = if terms.len() == 0 { Term::Nothing } else { right.clone() };
            pairs.push(self.relation(by, left, right)?);
            left = next;
        }
        Ok(Term::Truth(match (pairs.pop(), pairs.is_empty()) {
            (Some(pair), true) => pair,
            (last, _) => Node::All(pairs.into_iter().chain(last).collect()),
        }))
    }

    fn relation(&mut self, by: Relation, left: Term<'j>, right: Term<'j>) -> Result<Node, RuleFault> {
        let kinds = (left.kind(), right.kind());
        let wrong = |parser: &Self| {
            let what = match by {
                Relation::Equal | Relation::Unequal => "for being the same",
                Relation::Less | Relation::AtMost | Relation::More | Relation::AtLeast => "by size",
            };
            let hint = if kinds == ("a time", "a time") { " Use isBefore or isAfter." } else { "" };
            parser.fault(
                "rule_type",
                format!("This compares {} with {} {what}, which cannot be.{hint}", kinds.0, kinds.1),
            )
        };
        let equality = match by {
            Relation::Equal => Some(true),
            Relation::Unequal => Some(false),
            Relation::Less | Relation::AtMost | Relation::More | Relation::AtLeast => None,
        };
        let before = |left, right| Node::Before { left, right, tolerance_us: 0 };
        Ok(match (left, right, equality) {
            (Term::Number(left), Term::Number(right), _) => Node::Compare { left, by, right },
            (Term::Time(left), Term::Time(right), None) => match by {
                Relation::Less => before(left, right),
                Relation::More => before(right, left),
                Relation::AtMost => not(before(right, left)),
                Relation::AtLeast => not(before(left, right)),
                Relation::Equal | Relation::Unequal => return wrong(self),
            },
            (Term::Truth(node), Term::Truth(Node::Constant(is)), Some(equal))
            | (Term::Truth(Node::Constant(is)), Term::Truth(node), Some(equal)) => not_unless(is == equal, node),
            (Term::Text(left), Term::Text(right), Some(equal)) => Node::Constant((left == right) == equal),
            (Term::Status, Term::Text(text), Some(equal)) | (Term::Text(text), Term::Status, Some(equal)) => {
                not_unless(self.status(text)? == equal, Node::Present)
            }
            (Term::Subject(subject), literal @ (Term::Text(_) | Term::Number(_)), Some(equal))
            | (literal @ (Term::Text(_) | Term::Number(_)), Term::Subject(subject), Some(equal)) => {
                not_unless(equal, Node::OneOf(self.choice(subject, &[literal])?))
            }
            _ => return wrong(self), // any other pair of types
        })
    }

    fn status(&self, text: &str) -> Result<bool, RuleFault> {
        match text {
            "present" => Ok(true),
            "absent" => Ok(false),
            other => {
                let near = suggestion(other, &["present", "absent"]);
                let what = format!("The entry status is present or absent, never {:?}.{near}", shown(other));
                self.fault("rule_type", what)
            }
        }
    }
}

pub(super) fn not(node: Node) -> Node {
    Node::Not(Box::new(node))
}

fn not_unless(plain: bool, node: Node) -> Node {
    if plain { node } else { not(node) }
}
