System.Console.WriteLine("assay");
