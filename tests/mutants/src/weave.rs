//! Weaving: a source file with every mutant of it behind a switch (mutant schemata: R. H. Untch, A. J. Offutt,
//! M. J. Harrold, *Mutation analysis using mutant schemata*, ISSTA 1993).
//!
//! Text is only put in, never taken out, so that switches stand inside one another. `l + r` becomes
//! `(if on(8) { (l) - (r) } else { l + r })`: the changed branch holds the plain operands, the other one those with
//! switches of their own, so that the text grows with the number of mutants and not faster.

use std::collections::HashMap;
use std::ops::Range;

use quote::ToTokens;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Block, Expr, ReturnType, Signature, Type};

use crate::Result;
use crate::list::{Mutant, Place};

/// A woven file.
pub struct Woven {
    pub text: String,
    /// Where the switch of each mutant stands in the text: its changed code, and all that was put around.
    pub regions: Vec<Region>,
    /// Mutants that no switch can stand for, and why.
    pub refused: Vec<(u32, &'static str)>,
}

/// Bytes of the woven text that belong to a mutant.
pub struct Region {
    pub id: u32,
    /// The changed code alone.
    pub changed: Range<usize>,
    /// The changed code with the original.
    pub whole: Range<usize>,
}

struct Insertion {
    at: usize,
    /// Suffixes come before prefixes at one place.
    prefix: bool,
    text: String,
    /// Mutants whose changed code lies in the text, with their bytes in it.
    changed: Vec<(u32, Range<usize>)>,
    /// The number of the wrapping that it opens or closes.
    wrapping: usize,
}

struct Weaver<'a> {
    source: &'a str,
    mutants: HashMap<(&'a str, Place), Vec<&'a Mutant>>,
    insertions: Vec<Insertion>,
    refused: Vec<(u32, &'static str)>,
    in_const: usize,
    wrappings: usize,
    /// The wrapping of the match that is being visited.
    matching: Option<usize>,
}

/// Puts the switches of `mutants` into `source`.
pub fn weave(source: &str, mutants: &[&Mutant]) -> Result<Woven> {
    let file = syn::parse_file(source)?;
    let mut at: HashMap<(&str, Place), Vec<&Mutant>> = HashMap::new();
    for &mutant in mutants {
        at.entry((&mutant.genre, mutant.span.start)).or_default().push(mutant);
    }
    let mut weaver = Weaver {
        source,
        mutants: at,
        insertions: Vec::new(),
        refused: Vec::new(),
        in_const: 0,
        wrappings: 0,
        matching: None,
    };
    weaver.visit_file(&file);
    let Weaver { mutants: left, mut insertions, mut refused, wrappings, .. } = weaver;
    refused.extend(left.into_values().flatten().map(|m| (m.id, "its place was not found")));

    insertions.sort_by_key(|i| (i.at, i.prefix));
    let mut text = String::with_capacity(source.len() * 2);
    let mut opened = vec![None; wrappings];
    let mut whole = vec![0..0; wrappings];
    let mut regions = Vec::new();
    let mut done = 0;
    for insertion in insertions {
        text.push_str(&source[done..insertion.at]);
        done = insertion.at;
        let base = text.len();
        text.push_str(&insertion.text);
        whole[insertion.wrapping] = *opened[insertion.wrapping].get_or_insert(base)..text.len();
        for (id, range) in insertion.changed {
            regions.push((id, base + range.start..base + range.end, insertion.wrapping));
        }
    }
    text.push_str(&source[done..]);
    let regions = regions.into_iter().map(|(id, changed, w)| Region { id, changed, whole: whole[w].clone() }).collect();
    Ok(Woven { text, regions, refused })
}

fn place(span: proc_macro2::Span) -> Place {
    let start = span.start();
    Place { line: start.line, column: start.column + 1 }
}

/// Whether `a && b && …` holds a `let` of a condition, which cannot stand in a branch.
fn has_let(expr: &Expr) -> bool {
    match expr {
        Expr::Let(_) => true,
        Expr::Binary(b) if matches!(b.op, BinOp::And(_)) => has_let(&b.left) || has_let(&b.right),
        _ => false,
    }
}

impl<'a> Weaver<'a> {
    /// The mutants of a genre at a place that a switch can stand for.
    fn take(&mut self, genre: &'static str, span: proc_macro2::Span) -> Vec<&'a Mutant> {
        let found = self.mutants.remove(&(genre, place(span))).unwrap_or_default();
        if self.in_const > 0 {
            self.refuse(&found, "in a constant");
            return Vec::new();
        }
        found
    }

    fn refuse(&mut self, mutants: &[&Mutant], why: &'static str) {
        self.refused.extend(mutants.iter().map(|m| (m.id, why)));
    }

    fn text(&self, node: &impl Spanned) -> &'a str {
        &self.source[node.span().byte_range()]
    }

    /// Opens a wrapping: `(if on(1) { … } else if on(2) { … } else { `.
    fn open(&mut self, at: usize, start: &str, choices: &[(u32, String)], end: &str) -> usize {
        let wrapping = self.wrappings;
        self.wrappings += 1;
        let mut text = start.to_string();
        let mut changed = Vec::new();
        for (id, code) in choices {
            let from = text.len();
            text.push_str(&format!("if crate::mutant::on({id}) {{ {code} }} "));
            changed.push((*id, from..text.len()));
            text.push_str("else ");
        }
        text.push_str(end);
        self.insertions.push(Insertion { at, prefix: true, text, changed, wrapping });
        wrapping
    }

    fn close(&mut self, at: usize, wrapping: usize, text: &str) {
        self.insertions.push(Insertion { at, prefix: false, text: text.into(), changed: Vec::new(), wrapping });
    }

    fn wrap(&mut self, range: Range<usize>, choices: &[(u32, String)], inside: impl FnOnce(&mut Self)) {
        if choices.is_empty() {
            return inside(self);
        }
        let wrapping = self.open(range.start, "(", choices, "{ ");
        inside(self);
        self.close(range.end, wrapping, " })");
    }

    /// Another way out in front of a function's body.
    fn function(&mut self, signature: &Signature, block: &Block, inside: impl FnOnce(&mut Self)) {
        let Some(first) = block.stmts.first() else { return inside(self) };
        let mutants = self.take("FnValue", first.span());
        let body = block.span().byte_range();
        if signature.constness.is_some() {
            self.refuse(&mutants, "in a constant function");
            self.in_const += 1;
            inside(self);
            self.in_const -= 1;
            return;
        }
        if mutants.is_empty() {
            return inside(self);
        }
        if let ReturnType::Type(_, ty) = &signature.output
            && let Type::ImplTrait(hidden) = &**ty
        {
            // All ways out must have one type, so the hidden type becomes a boxed one.
            let bounds = hidden.bounds.to_token_stream().to_string();
            let choices: Vec<_> = mutants.iter().map(|m| (m.id, format!("Box::new({})", m.replacement))).collect();
            let start = format!(" let mutant: Box<dyn {bounds}> = ");
            let wrapping = self.open(body.start + 1, &start, &choices, "{ Box::new({ ");
            inside(self);
            return self.close(body.end - 1, wrapping, " }) }; mutant ");
        }
        let choices: Vec<_> = mutants.iter().map(|m| (m.id, format!("return {};", m.replacement))).collect();
        let wrapping = self.open(body.start + 1, " ", &choices, "{} ");
        inside(self);
        self.close(body.end - 1, wrapping, "");
    }

    fn constant(&mut self, inside: impl FnOnce(&mut Self)) {
        self.in_const += 1;
        inside(self);
        self.in_const -= 1;
    }
}

impl<'ast> Visit<'ast> for Weaver<'_> {
    fn visit_item_const(&mut self, node: &'ast syn::ItemConst) {
        self.constant(|w| visit::visit_item_const(w, node));
    }

    fn visit_impl_item_const(&mut self, node: &'ast syn::ImplItemConst) {
        self.constant(|w| visit::visit_impl_item_const(w, node));
    }

    fn visit_trait_item_const(&mut self, node: &'ast syn::TraitItemConst) {
        self.constant(|w| visit::visit_trait_item_const(w, node));
    }

    fn visit_item_static(&mut self, node: &'ast syn::ItemStatic) {
        self.constant(|w| visit::visit_item_static(w, node));
    }

    fn visit_expr_repeat(&mut self, node: &'ast syn::ExprRepeat) {
        self.visit_expr(&node.expr);
        self.constant(|w| w.visit_expr(&node.len));
    }

    fn visit_type_array(&mut self, node: &'ast syn::TypeArray) {
        self.constant(|w| visit::visit_type_array(w, node));
    }

    fn visit_generic_argument(&mut self, node: &'ast syn::GenericArgument) {
        self.constant(|w| visit::visit_generic_argument(w, node));
    }

    fn visit_pat(&mut self, node: &'ast syn::Pat) {
        self.constant(|w| visit::visit_pat(w, node));
    }

    fn visit_item_fn(&mut self, node: &'ast syn::ItemFn) {
        self.function(&node.sig, &node.block, |w| visit::visit_item_fn(w, node));
    }

    fn visit_impl_item_fn(&mut self, node: &'ast syn::ImplItemFn) {
        self.function(&node.sig, &node.block, |w| visit::visit_impl_item_fn(w, node));
    }

    fn visit_trait_item_fn(&mut self, node: &'ast syn::TraitItemFn) {
        match &node.default {
            Some(block) => self.function(&node.sig, block, |w| visit::visit_trait_item_fn(w, node)),
            None => visit::visit_trait_item_fn(self, node),
        }
    }

    fn visit_expr_binary(&mut self, node: &'ast syn::ExprBinary) {
        let mut mutants = self.take("BinaryOperator", node.op.span());
        if has_let(&node.left) || has_let(&node.right) {
            self.refuse(&mutants, "in a chain of `let` conditions");
            mutants.clear();
        }
        let (left, right) = (self.text(&node.left), self.text(&node.right));
        let assigns = self.text(&node.op).ends_with('=')
            && !matches!(node.op, BinOp::Eq(_) | BinOp::Ne(_) | BinOp::Le(_) | BinOp::Ge(_));
        let choices: Vec<_> = mutants
            .iter()
            .map(|m| {
                let op = &m.replacement;
                (m.id, if assigns { format!("{left} {op} ({right})") } else { format!("({left}) {op} ({right})") })
            })
            .collect();
        self.wrap(node.span().byte_range(), &choices, |w| visit::visit_expr_binary(w, node));
    }

    fn visit_expr_unary(&mut self, node: &'ast syn::ExprUnary) {
        let mutants = self.take("UnaryOperator", node.op.span());
        let plain = self.text(&node.expr);
        let choices: Vec<_> = mutants.iter().map(|m| (m.id, plain.to_string())).collect();
        self.wrap(node.span().byte_range(), &choices, |w| visit::visit_expr_unary(w, node));
    }

    fn visit_expr_struct(&mut self, node: &'ast syn::ExprStruct) {
        let whole = node.span().byte_range();
        let mut choices = Vec::new();
        for field in &node.fields {
            for mutant in self.take("StructField", field.span()) {
                // The field and the comma behind it go.
                let gone = field.span().byte_range();
                let rest = &self.source[gone.end..whole.end];
                let rest = rest.trim_start().strip_prefix(',').unwrap_or(rest);
                choices.push((mutant.id, format!("{} {rest}", &self.source[whole.start..gone.start])));
            }
        }
        self.wrap(whole, &choices, |w| visit::visit_expr_struct(w, node));
    }

    fn visit_expr_match(&mut self, node: &'ast syn::ExprMatch) {
        // Arms that may be deleted belong to the match: if it is not exhaustive without them, they go together.
        let wrapping = self.wrappings;
        self.wrappings += 1;
        let outer = self.matching.replace(wrapping);
        let range = node.span().byte_range();
        let insertion = Insertion { at: range.start, prefix: true, text: String::new(), changed: Vec::new(), wrapping };
        self.insertions.push(insertion);
        self.visit_expr(&node.expr);
        for arm in &node.arms {
            self.matching = Some(wrapping);
            self.visit_arm(arm);
        }
        self.close(range.end, wrapping, "");
        self.matching = outer;
    }

    fn visit_arm(&mut self, node: &'ast syn::Arm) {
        let gone = self.take("MatchArm", node.span());
        let test = gone.iter().map(|m| format!("!crate::mutant::on({})", m.id)).collect::<Vec<_>>().join(" && ");
        let region = |text: &str| gone.iter().map(|m| (m.id, 0..text.len())).collect::<Vec<_>>();
        self.visit_pat(&node.pat);
        if let Some((_, guard)) = &node.guard {
            let range = guard.span().byte_range();
            let mutants = self.take("MatchArmGuard", guard.span());
            let wrapping = self.wrappings;
            if !gone.is_empty() {
                self.wrappings += 1;
                let text = format!("{test} && (");
                let changed = region(&text);
                self.insertions.push(Insertion { at: range.start, prefix: true, text, changed, wrapping });
            }
            let choices: Vec<_> = mutants.iter().map(|m| (m.id, m.replacement.clone())).collect();
            self.wrap(range.clone(), &choices, |w| w.visit_expr(guard));
            if !gone.is_empty() {
                self.close(range.end, wrapping, ")");
            }
        } else if let Some(wrapping) = self.matching.filter(|_| !gone.is_empty()) {
            let at = node.pat.span().byte_range().end;
            let text = format!(" if {test}");
            let changed = region(&text);
            self.insertions.push(Insertion { at, prefix: true, text, changed, wrapping });
        }
        self.visit_expr(&node.body);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list::Span;

    /// The mutant of a piece of the source.
    fn mutant(source: &str, id: u32, genre: &str, at: &str, replacement: &str) -> Mutant {
        let place = |byte: usize| Place { line: 1, column: byte + 1 };
        let start = source.find(at).unwrap();
        let span = Span { start: place(start), end: place(start + at.len()) };
        let (file, name) = ("src/a.rs".to_string(), String::new());
        Mutant { id, file, genre: genre.into(), name, replacement: replacement.into(), span }
    }

    fn woven(source: &str, mutants: &[Mutant]) -> Woven {
        weave(source, &mutants.iter().collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn switches_stand_inside_one_another() {
        let source = "fn f(a: u32) -> u32 { a + 1 * a }";
        let mutants = [
            mutant(source, 1, "FnValue", "a + 1", "0"),
            mutant(source, 2, "BinaryOperator", "+", "-"),
            mutant(source, 3, "BinaryOperator", "*", "/"),
        ];
        let found = woven(source, &mutants);
        assert_eq!(
            found.text,
            "fn f(a: u32) -> u32 { if crate::mutant::on(1) { return 0; } else {}  \
             (if crate::mutant::on(2) { (a) - (1 * a) } else { \
             a + (if crate::mutant::on(3) { (1) / (a) } else { 1 * a }) }) }"
        );
        assert!(found.refused.is_empty());
        // Each knows its own changed code.
        let changed: Vec<&str> = found.regions.iter().map(|r| &found.text[r.changed.clone()]).collect();
        assert!(
            changed[0].contains("return 0;") && changed[1].contains("- (1 * a)") && changed[2].contains("(1) / (a)")
        );
    }

    #[test]
    fn arms_fields_and_guards() {
        let source = "fn f(a: S) -> S { match a { x if x.b => S { c: 1, ..x }, y => y } }";
        let mutants = [
            mutant(source, 1, "MatchArm", "x if x.b", ""),
            mutant(source, 2, "MatchArmGuard", "x.b", "true"),
            mutant(source, 3, "StructField", "c: 1", ""),
        ];
        assert_eq!(
            woven(source, &mutants).text,
            "fn f(a: S) -> S { match a { x if !crate::mutant::on(1) && ((if crate::mutant::on(2) { true } else { x.b })) \
             => (if crate::mutant::on(3) { S {   ..x } } else { S { c: 1, ..x } }), y => y } }"
        );
    }

    #[test]
    fn constants_and_lets_have_no_switch() {
        let source = "const N: u32 = 1 << 2; fn f(a: Option<u32>) { if let Some(x) = a && x > 1 {} }";
        let mutants = [
            mutant(source, 1, "BinaryOperator", "<< 2", ">>"),
            mutant(source, 2, "BinaryOperator", "&&", "||"),
            mutant(source, 3, "BinaryOperator", "> 1", "<"),
        ];
        let found = woven(source, &mutants);
        assert_eq!(found.refused, [(1, "in a constant"), (2, "in a chain of `let` conditions")]);
        assert!(found.text.contains("a && (if crate::mutant::on(3) { (x) < (1) } else { x > 1 })"));
    }
}
